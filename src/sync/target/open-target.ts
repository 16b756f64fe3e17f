import {
  databaseLogin,
  type ConnectionContext,
  type OpenedConnection,
} from "../connection/open.ts";
import { SourceFailure } from "../source/source.ts";
import { TableTarget } from "./postgres/table-target.ts";
import type { Target } from "./target.ts";

/**
 * Makes a connection ready to take records. Whoever opens it closes it.
 *
 * @throws SourceFailure when it leads nowhere that is in the region, or takes no records.
 */
export async function openTarget(
  connection: OpenedConnection,
  context: ConnectionContext,
): Promise<Target> {
  switch (connection.kind) {
    case "postgres": {
      const { login, dial } = databaseLogin(connection, context);
      return new TableTarget(login, dial);
    }
    case "files":
      throw new SourceFailure("not_a_destination", "The connection takes no records", false);
  }
}

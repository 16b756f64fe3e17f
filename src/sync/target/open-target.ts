import {
  connectionBucket,
  databaseLogin,
  endpointOf,
  type ConnectionContext,
  type OpenedConnection,
} from "../connection/open.ts";
import { FilesTarget } from "./files/files-target.ts";
import { CustomTarget } from "./http/custom-target.ts";
import { WebhookTarget } from "./http/webhook-target.ts";
import { TableTarget } from "./postgres/table-target.ts";
import type { Target } from "./target.ts";

/**
 * Makes a connection ready to take records. Whoever opens it closes it.
 *
 * @throws SourceFailure when it leads nowhere that is in the region.
 */
export async function openTarget(
  connection: OpenedConnection,
  context: ConnectionContext,
  signal: AbortSignal,
): Promise<Target> {
  const { settings } = connection;
  const now = (): number => Date.now();
  switch (connection.kind) {
    case "postgres": {
      const { login, dial } = databaseLogin(connection, context);
      return new TableTarget(login, dial);
    }
    case "files":
      return new FilesTarget(connectionBucket(connection, context));
    case "webhook": {
      const { batchSize, secret } = settings;
      const records = typeof batchSize === "number" ? batchSize : undefined;
      const endpoint = endpointOf(connection, context);
      return new WebhookTarget({ ...endpoint, secret: String(secret), records }, now);
    }
    case "custom": {
      const { token } = settings;
      const endpoint = endpointOf(connection, context);
      const given = typeof token === "string" ? token : undefined;
      return CustomTarget.open({ ...endpoint, token: given }, now, signal);
    }
  }
}

import {
  connectionBucket,
  databaseLogin,
  type ConnectionContext,
  type OpenedConnection,
} from "../connection/open.ts";
import type { Model } from "../model.ts";
import { openFileSource } from "./files/file-source.ts";
import { openPostgresSource } from "./postgres/postgres-source.ts";
import { SourceFailure, type HashSeeds, type Source, type SourceRow } from "./source.ts";

/** A source that can also be looked at. */
export type OpenedSource = Source & {
  /** Cells of all columns of some rows, whichever come first. */
  sample(limit: number, signal: AbortSignal): Promise<readonly SourceRow[]>;
};

/**
 * Opens what a sync reads: the server or the bucket was asked for the columns, and no row was read
 * yet. Whoever opens it closes it.
 *
 * @throws SourceFailure.
 */
export async function openSource(
  connection: OpenedConnection,
  model: Model,
  seeds: HashSeeds,
  context: ConnectionContext,
  signal: AbortSignal,
): Promise<OpenedSource> {
  if (connection.kind === "postgres" && model.kind !== "folder") {
    const { login, dial } = databaseLogin(connection, context);
    return openPostgresSource(login, dial, model, seeds, signal);
  }
  if (connection.kind === "files" && model.kind === "folder") {
    return openFileSource(connectionBucket(connection, context), model, seeds, signal);
  }
  throw new SourceFailure("model_not_offered", "The connection has no such thing", false);
}

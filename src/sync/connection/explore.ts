import { listFolders, type FolderEntry } from "../source/files/folders.ts";
import { openSource } from "../source/open-source.ts";
import { listTables, type TableEntry } from "../source/postgres/catalogue.ts";
import { Session } from "../source/postgres/session.ts";
import type { SourceColumn, SourceRow } from "../source/source.ts";
import type { Model } from "../model.ts";
import {
  connectionBucket,
  databaseLogin,
  type ConnectionContext,
  type OpenedConnection,
} from "./open.ts";

/** What a connection has that can be a model. */
export type Explored =
  | { readonly kind: "tables"; readonly tables: readonly TableEntry[] }
  | { readonly kind: "folders"; readonly folders: readonly FolderEntry[] };

/** Nothing is hashed where somebody only looks. */
const NO_SEEDS = { keyA: 0n, keyB: 0n, row: 0n };

/** @throws SourceFailure. */
export async function exploreConnection(
  connection: OpenedConnection,
  context: ConnectionContext,
  signal: AbortSignal,
): Promise<Explored> {
  if (connection.kind === "files") {
    const bucket = connectionBucket(connection, context);
    return { kind: "folders", folders: await listFolders(bucket, signal) };
  }
  const { login, dial } = databaseLogin(connection, context);
  const session = new Session(login, dial);
  try {
    return { kind: "tables", tables: await session.ask(signal, listTables) };
  } finally {
    await session.close();
  }
}

/** The columns of a model. @throws SourceFailure. */
export async function columnsOf(
  connection: OpenedConnection,
  model: Model,
  context: ConnectionContext,
  signal: AbortSignal,
): Promise<readonly SourceColumn[]> {
  const source = await openSource(connection, model, NO_SEEDS, context, signal);
  await source.close();
  return source.columns;
}

/** Columns of a model and some of its rows, whichever come first. @throws SourceFailure. */
export async function previewModel(
  connection: OpenedConnection,
  { model, limit }: { readonly model: Model; readonly limit: number },
  context: ConnectionContext,
  signal: AbortSignal,
): Promise<{ readonly columns: readonly SourceColumn[]; readonly rows: readonly SourceRow[] }> {
  const source = await openSource(connection, model, NO_SEEDS, context, signal);
  try {
    return { columns: source.columns, rows: await source.sample(limit, signal) };
  } finally {
    await source.close();
  }
}

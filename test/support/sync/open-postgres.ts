import type { DatabaseLogin } from "../../../src/deliver/postgres/client.ts";
import type { Dial } from "../../../src/deliver/postgres/raw-socket.ts";
import type { SqlModel } from "../../../src/sync/source/postgres/sql.ts";
import {
  openPostgresSource,
  type PostgresSource,
} from "../../../src/sync/source/postgres/postgres-source.ts";
import type { RowBatch } from "../../../src/sync/source/source.ts";
import { nodeDial } from "../deliver/node-dial.ts";
import type { PostgresServer } from "../deliver/postgres-server.ts";

export const SEEDS = { keyA: -1_234_567_890_123_456_789n, keyB: 42n, row: 7n };

/** Never aborted. */
export const ALWAYS = AbortSignal.any([]);

/** Opens a model of a server as a developer's workspace does. */
export function openPostgres(
  server: PostgresServer,
  model: SqlModel | string,
  over: Partial<DatabaseLogin> = {},
  signal: AbortSignal = ALWAYS,
  dial: Dial = nodeDial(),
): Promise<PostgresSource> {
  const { host, port, database, user, password } = server;
  const rules = [{ host, port, level: "development" as const }];
  const context = { region: "eu", purpose: "sync:postgres", rules, development: true } as const;
  const login = { host, port, database, user, password, useTls: false, context, ...over };
  const named =
    typeof model === "string" ? { kind: "table", schema: "public", name: model } : model;
  return openPostgresSource(login, dial, named as SqlModel, SEEDS, signal);
}

/** All that a reading gives, as one batch. */
export async function gathered(batches: AsyncIterable<RowBatch>): Promise<RowBatch> {
  const rows = [];
  const nullKeys = [];
  let bytes = 0;
  for await (const batch of batches) {
    rows.push(...batch.rows);
    nullKeys.push(...batch.nullKeys);
    bytes += batch.bytes;
  }
  return { rows, nullKeys, bytes };
}

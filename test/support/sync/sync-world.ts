import postgres from "postgres";
import { expect, vi } from "vitest";

import { startStack, type Stack, type StackOptions } from "../../../scripts/stack/start-stack.ts";
import { openHomeport, type Homeport, type TestWorkspace } from "../homeport.ts";
import type { Certificate } from "../deliver/certificate.ts";
import { startPostgres, type PostgresServer } from "../deliver/postgres-server.ts";

type Json = Readonly<Record<string, unknown>>;

export type Run = Json & {
  readonly id: string;
  readonly number: number;
  readonly state: string;
  readonly endedAt: string | null;
  readonly counts: Readonly<Record<string, number>>;
  readonly steps: Readonly<Record<string, { readonly state: string; readonly records: number }>>;
  readonly error: { readonly code: string; readonly message: string } | null;
};

/** A stack, a workspace and a real Postgres that is source and destination of its syncs. */
export type SyncWorld = {
  readonly stack: Stack;
  readonly homeport: Homeport;
  readonly workspace: TestWorkspace;
  readonly server: PostgresServer;
  readonly sql: postgres.Sql;
  readonly connectionId: string;
  api(method: string, path: string, body?: unknown): Promise<Json>;
  /** Makes a sync of a table to another; what is left out is as usual. */
  makeSync(changes: Json): Promise<string>;
  trigger(syncId: string, body?: Json): Promise<Run>;
  /** The run as it is now. */
  found(syncId: string, run: Run | string): Promise<Run>;
  /** The run once it is over. */
  ended(syncId: string, run: Run | string): Promise<Run>;
  /** Triggers and waits. */
  run(syncId: string, body?: Json): Promise<Run>;
  stop(): Promise<void>;
};

/** Of a run of few rows on a busy machine. */
const RUN_MS_MAX = 120_000;

export type SyncWorldOptions = StackOptions & {
  /** The longest that a run may take. */
  readonly runMs?: number;
  /** A folder with the programs of another Postgres. */
  readonly postgres?: string;
  /** The server speaks TLS, and nobody talks to it in the clear. */
  readonly certificate?: Certificate;
};

/** Starts all of it in a workspace of `eu`. */
export async function openSyncWorld({
  runMs: timeout = RUN_MS_MAX,
  postgres: programs,
  certificate,
  ...options
}: SyncWorldOptions = {}): Promise<SyncWorld> {
  const server = await startPostgres(certificate, programs);
  const stack = await startStack(options);
  const homeport = openHomeport(stack);
  const workspace = await homeport.createWorkspace("eu");
  const { host, port, database, user, password } = server;
  const sql = postgres({ host, port, database, user, password, max: 2, onnotice: () => undefined });
  // A certificate is of a name.
  const place = certificate !== undefined ? { host: "localhost", tls: true } : { host };

  const api = async (method: string, path: string, body?: unknown): Promise<Json> => {
    const answered = await homeport.api(workspace.token, method, path, body);
    expect(answered.status, JSON.stringify(answered.body)).toBeLessThan(300);
    return answered.body;
  };
  const made = await api("POST", "/api/v1/connections", {
    name: "Warehouse",
    kind: "postgres",
    settings: { ...place, port, database, user, password },
    hosts: [`${place.host}:${port}`],
  });
  const connectionId = (made["connection"] as { readonly id: string }).id;

  const trigger = async (syncId: string, body: Json = {}): Promise<Run> =>
    (await api("POST", `/api/v1/syncs/${syncId}/trigger`, body))["run"] as Run;
  const found = async (syncId: string, run: Run | string): Promise<Run> => {
    const id = typeof run === "string" ? run : run.id;
    return (await api("GET", `/api/v1/syncs/${syncId}/runs/${id}`))["run"] as Run;
  };
  const ended = async (syncId: string, run: Run | string): Promise<Run> =>
    vi.waitFor(
      async () => {
        const now = await found(syncId, run);
        expect(now.endedAt).not.toBeNull();
        return now;
      },
      { timeout, interval: 100 },
    );
  return {
    stack,
    homeport,
    workspace,
    server,
    sql,
    connectionId,
    api,
    makeSync: async (changes) => {
      const sync = await api("POST", "/api/v1/syncs", {
        label: "People",
        source: { connectionId, model: { kind: "table", schema: "public", name: "people" } },
        destination: { connectionId, object: "public.copies" },
        behaviour: "upsert",
        key: ["id"],
        mappings: [
          { to: "id", from: { type: "column", column: "id" }, isIdentifier: true },
          { to: "email", from: { type: "column", column: "email" } },
          { to: "plan", from: { type: "column", column: "plan" } },
        ],
        ...changes,
      });
      return (sync["sync"] as { readonly id: string }).id;
    },
    trigger,
    found,
    ended,
    run: async (syncId, body) => ended(syncId, await trigger(syncId, body)),
    stop: async () => {
      await sql.end({ timeout: 1 });
      await stack.stop();
      await server.stop();
    },
  };
}

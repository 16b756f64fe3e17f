import { setTimeout as pause } from "node:timers/promises";
import postgres from "postgres";

import { startStack, type Stack } from "../../scripts/stack/start-stack.ts";
import { bitsFor } from "../../src/sync/engine/plan.ts";
import { BEGIN, Statements } from "../../src/sync/source/postgres/sql.ts";
import { startPostgres, type PostgresServer } from "../support/deliver/postgres-server.ts";
import { openHomeport } from "../support/homeport.ts";

/**
 * `npx -c 'node test/bench/syncs-postgres.ts'`, also a part of `npm run bench`: a table of a real
 * Postgres kept equal with another. `BENCH_SYNC_ROWS` makes it shorter. Ends with 1 when a bound is
 * not held.
 */
const ROWS = Number(process.env["BENCH_SYNC_ROWS"] ?? 1_000_000);
const ROUNDS = 3;
/** Bytes of a run in which a thousandth changed, of those of a full read. */
const BYTES_SHARE_MAX = 0.02;
/** Seconds of its comparison, in those of the bare query for the sums. */
const TIMES_MAX = 1.5;
/** Measured once on a like machine; see docs/benchmarks.md. */
const GROUPAROO_ROWS_PER_SECOND = 41;
const POLL_MS = 100;
const BUCKETS_PER_ROW = 4_096;

const MODEL = { kind: "table", schema: "public", name: "people" } as const;
/** Seven columns of people, 200 bytes a row with its hashes. */
const SELECTION = {
  columns: ["id", "email", "name", "city", "plan", "joined", "score"],
  key: ["id"],
};
/** Sums and keys are as long whatever the rows are, so narrow rows are the harder case. */
const NARROW = { kind: "table", schema: "public", name: "narrow" } as const;
/** An id, an e-mail and a word: 60 to 70 bytes a row with its hashes. */
const NARROW_SELECTION = { columns: ["id", "email", "word"], key: ["id"] };
const NARROW_ROWS = Math.min(ROWS, 200_000);

type Step = { readonly startedAt: string; readonly endedAt: string; readonly bytes: number };
type Run = {
  readonly id: string;
  readonly state: string;
  readonly endedAt: string | null;
  readonly createdAt: string;
  readonly engine: { readonly kind: string } | null;
  readonly counts: Readonly<Record<string, number>>;
  readonly steps: Readonly<Record<string, Step>>;
};
type Api = (method: string, path: string, body?: unknown) => Promise<Record<string, unknown>>;

async function main(): Promise<number> {
  const server = await startPostgres();
  const { host, port, database, user, password } = server;
  const sql = postgres({ host, port, database, user, password, onnotice: () => undefined });
  const stack = await startStack();
  try {
    await makeTables(sql);
    const api = await openApi(stack);
    const syncId = await makeSync(api, server, {
      ...SELECTION,
      model: MODEL,
      object: "public.copies",
    });
    const first = await run(api, syncId);
    const rates = ["identify", "load"].map((step) => Math.round(ROWS / secondsOf(first, step)));
    console.log("first run", {
      rowsPerSecond: Math.round(ROWS / secondsOf(first)),
      identifyRowsPerSecond: rates[0],
      loadRowsPerSecond: rates[1],
      grouparooRowsPerSecond: GROUPAROO_ROWS_PER_SECOND,
    });
    const wide = await compare(sql, api, syncId);
    return Math.max(wide, await compareNarrow(sql, api, server));
  } finally {
    await sql.end({ timeout: 1 });
    await stack.stop();
    await server.stop();
  }
}

/** Runs in which a thousandth changed, each beside the bare query in the same round. */
async function compare(sql: postgres.Sql, api: Api, syncId: string): Promise<number> {
  const statements = new Statements(MODEL, { keyA: 1n, keyB: 2n, row: 3n });
  const bits = bitsFor(ROWS / 1000, ROWS);
  const whole = await copied(sql, statements.ordered(SELECTION, undefined));
  const bare: number[] = [];
  const ours: number[] = [];
  let bytes = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const plan = `round ${round}`;
    await sql`UPDATE people SET plan = ${plan} WHERE id % 1000 = ${round}`;
    await sql`VACUUM ANALYZE people`;
    bare.push((await copied(sql, statements.sums(SELECTION, bits, BUCKETS_PER_ROW))).seconds);
    const found = await run(api, syncId);
    if (found.engine?.kind !== "checksum" || found.counts["updates"] !== ROWS / 1000) {
      throw new Error("Cannot compare: the run did not find the changes by sums");
    }
    ours.push(secondsOf(found, "identify"));
    bytes = Math.max(bytes, found.steps["identify"]?.bytes ?? 0);
  }
  const share = bytes / whole.bytes;
  const times = median(ours) / median(bare);
  console.log("0.1 % changed", {
    bytes,
    fullBytes: whole.bytes,
    share: rounded(share),
    identifySeconds: median(ours),
    bareSeconds: rounded(median(bare)),
    times: rounded(times),
  });
  const isShareHeld = share <= BYTES_SHARE_MAX;
  const isTimeHeld = times <= TIMES_MAX;
  say(isShareHeld, `bytes read at most ${BYTES_SHARE_MAX * 100} % of a full read`);
  say(isTimeHeld, `comparison at most ${TIMES_MAX} times the bare query`);
  return isShareHeld && isTimeHeld ? 0 : 1;
}

/** Bytes alone: what a short run takes is mostly its steps. */
async function compareNarrow(sql: postgres.Sql, api: Api, server: PostgresServer): Promise<number> {
  const object = "public.narrow_copies";
  const syncId = await makeSync(api, server, { ...NARROW_SELECTION, model: NARROW, object });
  const statements = new Statements(NARROW, { keyA: 1n, keyB: 2n, row: 3n });
  const whole = await copied(sql, statements.ordered(NARROW_SELECTION, undefined));
  await run(api, syncId);
  await sql`UPDATE narrow SET word = 'term' WHERE id % 1000 = 7`;
  const found = await run(api, syncId);
  if (found.counts["updates"] !== NARROW_ROWS / 1000) {
    throw new Error("Cannot compare: the run did not find the changes");
  }
  const bytes = found.steps["identify"]?.bytes ?? 0;
  const share = bytes / whole.bytes;
  const rowBytes = Math.round(whole.bytes / NARROW_ROWS);
  console.log("0.1 % of narrow rows changed", { rowBytes, bytes, share: rounded(share) });
  const isHeld = share <= BYTES_SHARE_MAX;
  say(isHeld, `bytes read of narrow rows at most ${BYTES_SHARE_MAX * 100} % of a full read`);
  return isHeld ? 0 : 1;
}

async function makeTables(sql: postgres.Sql): Promise<void> {
  const columns =
    "id bigint PRIMARY KEY, email text, name text, city text, plan text, joined timestamptz, score numeric";
  await sql.unsafe(`CREATE TABLE people (${columns}, unmapped text)`);
  await sql.unsafe(`CREATE TABLE copies (${columns})`);
  await sql`INSERT INTO people SELECT n, 'person' || n || '@example.com', 'Person Number ' || n,
              'City of ' || md5((n % 500)::text), 'plan ' || n % 7,
              '2026-01-01'::timestamptz + n * interval '1 s', n / 7.0, 'x'
            FROM generate_series(1, ${ROWS}) n`;
  await sql`ANALYZE people`;
  const narrow = "id bigint PRIMARY KEY, email text, word text";
  await sql.unsafe(`CREATE TABLE narrow (${narrow}); CREATE TABLE narrow_copies (${narrow})`);
  await sql`INSERT INTO narrow SELECT n, n || '@e.eu', 'word' FROM generate_series(1, ${NARROW_ROWS}) n`;
  await sql`ANALYZE narrow`;
}

async function openApi(stack: Stack): Promise<Api> {
  const homeport = openHomeport(stack);
  const { token } = await homeport.createWorkspace("eu");
  return async (method, path, body) => {
    const answer = await homeport.api(token, method, path, body);
    if (answer.status < 300) return answer.body;
    throw new Error(`Cannot ${method} ${path}: ${answer.status}`);
  };
}

type Synced = {
  readonly columns: readonly string[];
  readonly key: readonly string[];
  readonly model: object;
  readonly object: string;
};

async function makeSync(
  api: Api,
  server: PostgresServer,
  { columns, key, model, object }: Synced,
): Promise<string> {
  const { host, port, database, user, password } = server;
  const { connection } = await api("POST", "/api/v1/connections", {
    name: `Warehouse of ${object}`,
    kind: "postgres",
    settings: { host, port, database, user, password },
    hosts: [`${host}:${port}`],
  });
  const connectionId = (connection as { readonly id: string }).id;
  const { sync } = await api("POST", "/api/v1/syncs", {
    label: object,
    source: { connectionId, model },
    destination: { connectionId, object },
    behaviour: "upsert",
    key,
    mappings: columns.map((column) => ({
      to: column,
      from: { type: "column", column },
      isIdentifier: key.includes(column),
    })),
  });
  return (sync as { readonly id: string }).id;
}

async function run(api: Api, syncId: string): Promise<Run> {
  const begun = (await api("POST", `/api/v1/syncs/${syncId}/trigger`, {}))["run"] as Run;
  for (;;) {
    const found = (await api("GET", `/api/v1/syncs/${syncId}/runs/${begun.id}`))["run"] as Run;
    if (found.endedAt !== null && found.state !== "completed") {
      throw new Error(`Cannot measure: the run ended as ${found.state}`);
    }
    if (found.endedAt !== null) return found;
    await pause(POLL_MS);
  }
}

/** What a statement gives, as a run reads it, and how long that takes. */
async function copied(
  sql: postgres.Sql,
  statement: string,
): Promise<{ readonly bytes: number; readonly seconds: number }> {
  const client = await sql.reserve();
  try {
    await client.unsafe(BEGIN);
    const began = performance.now();
    let bytes = 0;
    const stream = await client.unsafe(statement).readable();
    for await (const piece of stream) bytes += (piece as Uint8Array).byteLength;
    const seconds = (performance.now() - began) / 1000;
    await client.unsafe("COMMIT");
    return { bytes, seconds };
  } finally {
    client.release();
  }
}

function secondsOf(found: Run, step?: string): number {
  const part = step === undefined ? undefined : found.steps[step];
  const from = part?.startedAt ?? found.createdAt;
  const to = part?.endedAt ?? found.endedAt ?? from;
  return (Date.parse(to) - Date.parse(from)) / 1000;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}

function rounded(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}

function say(isHeld: boolean, text: string): void {
  console.log(`${isHeld ? "held    " : "NOT HELD"} ${text}`);
}

process.exit(await main());

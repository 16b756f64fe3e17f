import { PutObjectCommand } from "@aws-sdk/client-s3";
import postgres from "postgres";

import { homeBucketName } from "../../../scripts/local-aws/options.ts";
import type { OutboundAnswer, OutboundRequest } from "../../../scripts/stack/recorder.ts";
import type { Stack } from "../../../scripts/stack/start-stack.ts";
import { startPostgres, type PostgresServer } from "../deliver/postgres-server.ts";
import type { TestWorkspace } from "../homeport.ts";
import { idIn, makeSyncs, runOnce, type Ask, type SyncFixture } from "../matrix/sync-fixture.ts";
import { s3Client } from "../read-bucket.ts";
import type { CanaryRun } from "./canary-run.ts";
import { WEBHOOK_HOST } from "./faults.ts";
import type { Marks } from "./marks.ts";

type Json = Readonly<Record<string, unknown>>;

/** The host of a destination that speaks the custom protocol, which the workspace declares. */
export const CUSTOM_HOST = "custom.canary.example";

const ROW_LABELS = ["key of a row", "value of a row", "value of an invalid row", "odd value"];
const BROKEN_PREFIX = "broken-people/";

/** What customers' warehouses hold, and what their staff writes about it. */
export function mintSyncMarks(marks: Marks): void {
  for (const label of ROW_LABELS) marks.mint("row", label);
  for (const label of ["constant", "template", "query of a model"]) marks.mint("rule", label);
  marks.mint("vendor", "reason for a record");
  marks.mint("vendor-secret", "token of a destination");
}

/** Two syncs of marked files, whose destination talks. */
export function makeMarkedSyncs(
  run: CanaryRun,
  { token }: TestWorkspace,
  aws: Stack["aws"],
): Promise<SyncFixture> {
  const { marks } = run;
  const [key, value] = [marks.text("key of a row"), marks.text("value of a row")];
  const invalid = marks.text("value of an invalid row");
  return makeSyncs({
    ask: askWith(run, token),
    aws,
    sinkHost: WEBHOOK_HOST,
    secret: marks.text("webhook's secret"),
    csv: `id,email\n${key}-1,${value}\n${key}-2,${value}\n${key}-3,${value}\n,${invalid}\n`,
    note: { type: "template", template: `${marks.text("template")} {{ record.email }}` },
  });
}

/** How runs ended that met a source or a destination which quotes what it holds, by what was wrong. */
export type QuotedRuns = Readonly<Record<string, Json>>;

/** Databases, files and destinations whose errors quote values; every one is met by a run. */
export async function meetQuotingErrors(
  run: CanaryRun,
  { token }: TestWorkspace,
  aws: Stack["aws"],
): Promise<QuotedRuns> {
  const server = await startPostgres();
  try {
    await fillTables(server, run.marks);
    const ask = askWith(run, token);
    const ends = await connectEnds(run, ask, server);
    const files = await connectFiles(run, ask, aws);
    const runs = await runAll(run, ask, ends, files);
    await lookInto(ask, ends.database, files.connectionId);
    return runs;
  } finally {
    await server.stop();
  }
}

type Ends = { readonly database: string; readonly custom: string };

async function runAll(
  run: CanaryRun,
  ask: Ask,
  { database, custom }: Ends,
  files: Files,
): Promise<QuotedRuns> {
  const query = run.marks.text("query of a model");
  const table = { kind: "table", schema: "public", name: "people" };
  const casting = {
    kind: "query",
    sql: `SELECT id, CASE WHEN id LIKE 'cnry%' THEN email::int::text ELSE '${query}' END AS email FROM people`,
  };
  const broken = { kind: "folder", prefix: BROKEN_PREFIX, format: "ndjson", files: "all" };
  const rows = { connectionId: database, model: table };
  const copies = { connectionId: database, object: "public.copies" };
  const people = { connectionId: custom, object: "person" };
  const make = (source: Json, destination: Json, behaviour: string) =>
    makeSync(run, ask, source, destination, behaviour);
  const [refused, constrained, cast, damaged] = await Promise.all([
    make(rows, people, "mirror"),
    make(rows, copies, "upsert"),
    make({ connectionId: database, model: casting }, people, "upsert"),
    make({ connectionId: files.connectionId, model: broken }, people, "upsert"),
  ]);
  await files.spoil();
  const chosen = { keys: [[run.marks.text("key of a row")]] };
  const runs = {
    refused: await endOf(ask, refused),
    dry: await endOf(ask, refused, { kind: "dry_run" }),
    tested: await endOf(ask, refused, { kind: "test" }),
    chosen: await endOf(ask, refused, chosen),
    constrained: await endOf(ask, constrained),
    cast: await endOf(ask, cast),
    damaged: await endOf(ask, damaged),
  };
  const shown = [1, 2, 3].flatMap((number) => [refused, constrained].map((id) => [id, number]));
  for (const [id, number] of shown) {
    await ask("GET", `/api/v1/syncs/${id}/runs/${number}`);
    await ask("POST", `/api/v1/syncs/${id}/runs/${number}/records`);
  }
  return runs;
}

/** Tables, columns and previews of what cannot be read. */
async function lookInto(ask: Ask, database: string, files: string): Promise<void> {
  const looks: readonly (readonly [string, Json])[] = [
    [files, { kind: "folder", prefix: BROKEN_PREFIX, format: "ndjson", files: "all" }],
    [files, { kind: "folder", prefix: BROKEN_PREFIX, format: "csv", files: "all" }],
    [files, { kind: "folder", prefix: BROKEN_PREFIX, format: "parquet", files: "all" }],
    [database, { kind: "table", schema: "public", name: "people" }],
    [database, { kind: "query", sql: "SELECT email::int FROM people" }],
  ];
  for (const [id, model] of looks) {
    await ask("POST", `/api/v1/connections/${id}/preview`, { model });
  }
  for (const id of [files, database]) {
    await ask("GET", `/api/v1/connections/${id}/tables`);
    await ask("POST", `/api/v1/connections/${id}/test`);
  }
}

async function makeSync(
  { marks }: CanaryRun,
  ask: Ask,
  source: Json,
  destination: Json,
  behaviour: string,
): Promise<string> {
  const constant = { type: "constant", basicType: "text", value: marks.text("constant") };
  const made = await ask("POST", "/api/v1/syncs", {
    label: "example",
    source,
    destination,
    behaviour,
    key: ["id"],
    mappings: [
      { to: "id", from: { type: "column", column: "id" }, isIdentifier: true },
      { to: "email", from: { type: "column", column: "email" } },
      { to: "note", from: constant },
    ],
  });
  return idIn(made, "sync");
}

/** The run, without what every run says. */
async function endOf(ask: Ask, syncId: string, body: Json = {}): Promise<Json> {
  const run = await runOnce(ask, syncId, body);
  return { state: run["state"], error: run["error"], counts: run["counts"] };
}

async function connectEnds(run: CanaryRun, ask: Ask, server: PostgresServer): Promise<Ends> {
  const { host, port, database, user, password } = server;
  run.marks.learn("vendor-secret", "password of a database", password);
  const warehouse = await ask("POST", "/api/v1/connections", {
    name: "example",
    kind: "postgres",
    settings: { host, port, database, user, password },
    hosts: [`${host}:${port}`],
  });
  const custom = await ask("POST", "/api/v1/connections", {
    name: "example",
    kind: "custom",
    settings: {
      url: `https://${CUSTOM_HOST}/rpc`,
      token: run.marks.text("token of a destination"),
    },
    hosts: [CUSTOM_HOST],
  });
  return { database: idIn(warehouse, "connection"), custom: idIn(custom, "connection") };
}

type Files = { readonly connectionId: string; readonly spoil: () => Promise<void> };

/** Files that are what they seem to be until they are spoiled, with marks where a parser stumbles. */
async function connectFiles({ marks }: CanaryRun, ask: Ask, aws: Stack["aws"]): Promise<Files> {
  const location = "eu-west-1";
  const credentials = aws.credentials.eu;
  const bucket = homeBucketName(location);
  const odd = marks.text("odd value");
  const put = async (files: Readonly<Record<string, string>>): Promise<void> => {
    const client = s3Client({ endpoint: aws.endpoints[location], location, credentials });
    for (const [name, text] of Object.entries(files)) {
      const key = { Bucket: bucket, Key: BROKEN_PREFIX + name };
      await client.send(new PutObjectCommand({ ...key, Body: text }));
    }
    client.destroy();
  };
  await put({ "a.ndjson": '{"id": "1", "email": "x"}\n' });
  const { accessKeyId, secretAccessKey } = credentials;
  const url = `https://s3.${location}.amazonaws.com/${bucket}`;
  const settings = { url, accessKeyId, secretAccessKey };
  const made = await ask("POST", "/api/v1/connections", {
    name: "example",
    kind: "files",
    settings,
  });
  const spoiled = {
    "a.ndjson": `{"id": "1", "email": "x"}\n{"id": "2", "email": ${odd}}\n`,
    "a.csv": `id,email\n1,"${odd}\n2,x"y${odd}\n`,
    "a.parquet": `PAR1${odd}PAR1`,
  };
  return { connectionId: idIn(made, "connection"), spoil: () => put(spoiled) };
}

/** A table of marked rows, and one that takes none of them and says so. */
async function fillTables(server: PostgresServer, marks: Marks): Promise<void> {
  const { host, port, database, user, password } = server;
  const sql = postgres({ host, port, database, user, password, max: 1, onnotice: () => undefined });
  const key = marks.text("key of a row");
  const value = marks.text("value of a row");
  await sql`CREATE TABLE people (id text, email text)`;
  await sql`CREATE TABLE copies (id text PRIMARY KEY, email text CHECK (length(email) < 3), note text)`;
  await sql`INSERT INTO people SELECT ${key}::text || '-' || n, ${value} FROM generate_series(1, 3) n`;
  await sql`INSERT INTO people VALUES (NULL, ${marks.text("value of an invalid row")})`;
  await sql.end();
}

/** A service of the custom protocol that takes one record and refuses each other, quoting it. */
export function talkativeService(marks: Marks): (request: OutboundRequest) => OutboundAnswer {
  const reason = (record: unknown): string =>
    `${marks.text("reason for a record")} cannot take ${JSON.stringify(record)}`;
  return ({ body }) => {
    const call = JSON.parse(body.toString()) as {
      readonly id: string;
      readonly method: string;
      readonly params: { readonly records?: readonly Json[] };
    };
    const result = RESULTS[call.method] ?? {
      record_results: (call.params.records ?? []).map((record) => ({
        identifier: record["id"],
        ...(String(record["id"]).endsWith("-3")
          ? { success: true }
          : { success: false, error_message: reason(record) }),
      })),
    };
    const text = JSON.stringify({ jsonrpc: "2.0", id: call.id, result });
    return { status: 200, headers: {}, body: Buffer.from(text) };
  };
}

const RESULTS: Json = {
  test_connection: { success: true },
  list_objects: { objects: [{ object_api_name: "person", label: "Person" }] },
  supported_operations: { operations: ["upsert", "mirror"] },
  list_fields: {
    fields: [
      { field_api_name: "id", identifier: true, required: true, type: "string" },
      { field_api_name: "email", type: "string" },
      { field_api_name: "note", type: "string" },
    ],
  },
  get_sync_speed: { maximum_batch_size: 10, maximum_parallel_batches: 1 },
};

/** Asks as the workspace's owner, with a mark for each name. */
function askWith(run: CanaryRun, token: string): Ask {
  return (method, path, body) => run.call(token, method, path, named(run.marks, body));
}

function named(marks: Marks, body: unknown): unknown {
  if (body === undefined) return undefined;
  const name = (): string => JSON.stringify(marks.mint("name", `name ${marks.all().length}`));
  return JSON.stringify(body).replaceAll('"example"', name);
}

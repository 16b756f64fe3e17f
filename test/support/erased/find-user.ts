import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, inflateRawSync } from "node:zlib";

import { GetObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { DuckDBInstance } from "@duckdb/node-api";
import postgres from "postgres";

import { HOME_CREDENTIALS, homeBucketName } from "../../../scripts/local-aws/options.ts";
import type { Stack } from "../../../scripts/stack/start-stack.ts";
import { HOME_REGIONS } from "../../../src/region/regions.ts";
import { objectFiles, tablesOf } from "../canary/stores.ts";
import type { PostgresServer } from "../deliver/postgres-server.ts";
import { s3Client } from "../read-bucket.ts";
import { everyVersion } from "./every-version.ts";

/** Where the text was found, by the names of docs/data-map.md. */
export type Sightings = ReadonlySet<string>;

/** Behind the name of a store of which older versions hold the text. */
export const OLDER = " (older version)";

type Account = Omit<PostgresServer, "stop" | "crash">;

/** Looks for a text in the tables of all objects of a stack that was killed, row by row. */
export function inTables(stack: Pick<Stack, "stateDir">, text: string): Sightings {
  const pieces = tablesOf(objectFiles(stack.stateDir), new Map());
  return new Set(
    pieces.flatMap(({ where, values }) =>
      values.some((value) => readable(Buffer.from(value)).includes(text)) ? [where] : [],
    ),
  );
}

/** A value as it stands, with what it holds deflated. */
function readable(value: Buffer): Buffer {
  try {
    return Buffer.concat([value, inflateRawSync(value)]);
  } catch {
    return value;
  }
}

/** Looks for it as bytes in the objects' files, with what their tables do not show any more. */
export async function inFiles(stack: Pick<Stack, "stateDir">, text: string): Promise<Sightings> {
  const found = new Set<string>();
  for (const { object, path } of objectFiles(stack.stateDir)) {
    for (const suffix of ["", "-wal"]) {
      const bytes = await readFile(`${path}${suffix}`).catch(() => Buffer.alloc(0));
      if (bytes.includes(text)) found.add(`${object}${suffix}`);
    }
  }
  return found;
}

/** Looks for it in the EU's buckets, as {@link inBucket} does. */
export async function inBuckets(stack: Pick<Stack, "aws">, text: string): Promise<Sightings> {
  const found: string[] = [];
  for (const location of HOME_REGIONS.eu.locations) {
    const endpoint = stack.aws.endpoints[location];
    const client = s3Client({ endpoint, location, credentials: HOME_CREDENTIALS.eu });
    found.push(...(await inBucket(client, homeBucketName(location), text)));
    client.destroy();
  }
  return new Set(found);
}

/**
 * Looks for it in every version of every object of a bucket, unzipped, and in Parquet files row by row.
 * What no reader finds without naming a version is told apart.
 */
export async function inBucket(client: S3Client, Bucket: string, text: string): Promise<Sightings> {
  const found = new Set<string>();
  const lake = await openLake();
  for await (const { key, isLatest, ...named } of everyVersion(client, Bucket)) {
    const object = await client.send(new GetObjectCommand({ Bucket, Key: key, ...named }));
    const bytes = Buffer.from((await object.Body?.transformToByteArray()) ?? []);
    const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
    const isThere = (isGzip ? gunzipSync(bytes) : bytes).includes(text);
    const isRow = key.endsWith(".parquet") && (await lake.holds(bytes, text));
    if (isThere || isRow) found.add(`S3 ${storeOf(key)}${isLatest ? "" : OLDER}`);
  }
  await lake.close();
  return found;
}

/** Looks for it in every row of every table of a database. */
export async function inDatabase(account: Account, text: string): Promise<Sightings> {
  const found = await tablesWith(account, text);
  return new Set(found.length > 0 ? ["Warehouse <any>"] : []);
}

/** Looks for it in what we keep in a database that is the customer's own. */
export async function inSource(account: Account, text: string): Promise<Sightings> {
  const found = await tablesWith(account, text);
  const ours = found.filter((name) => name.startsWith("homeport."));
  return new Set(ours.map((name) => `SourceDatabase ${name}`));
}

async function tablesWith(account: Account, text: string): Promise<readonly string[]> {
  const sql = postgres({ ...account, onnotice: () => undefined });
  const tables = await sql<{ name: string }[]>`
    SELECT format('%I.%I', table_schema, table_name) AS name FROM information_schema.tables
    WHERE table_schema NOT IN ('pg_catalog', 'information_schema')`;
  const found: string[] = [];
  for (const { name } of tables) {
    const rows = await sql.unsafe(`SELECT 1 FROM ${name} AS t WHERE t::text LIKE $1`, [
      `%${text}%`,
    ]);
    if (rows.length > 0) found.push(name);
  }
  await sql.end();
  return found;
}

/** A key's prefix as the data map has it; dead letters and copies apart, because they are stores too. */
function storeOf(key: string): string {
  const prefix = key.slice(0, key.indexOf("/") + 1);
  return key.includes("/dead-letters/") ? `${prefix}dead-letters/` : prefix;
}

async function openLake() {
  const folder = await mkdtemp(join(tmpdir(), "homeport-rows-"));
  const duckdb = await (await DuckDBInstance.create(":memory:")).connect();
  const path = join(folder, "file.parquet");
  return {
    holds: async (bytes: Uint8Array, text: string): Promise<boolean> => {
      await writeFile(path, bytes);
      const query = `SELECT count(*) AS n FROM read_parquet('${path}') AS t WHERE t::text LIKE '%${text}%'`;
      const [row] = (await duckdb.runAndReadAll(query)).getRowObjectsJson();
      return row?.["n"] !== "0";
    },
    close: async (): Promise<void> => {
      duckdb.closeSync();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

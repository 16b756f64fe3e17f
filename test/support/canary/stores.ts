import { createHash, createHmac } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync, type SQLOutputValue } from "node:sqlite";
import { GetObjectCommand, paginateListObjectsV2 } from "@aws-sdk/client-s3";

import { homeBucketName, HOME_CREDENTIALS, LOCATIONS } from "../../../scripts/local-aws/options.ts";
import type { LocalAws } from "../../../scripts/local-aws/start.ts";
import { homeOf } from "../../../src/region/regions.ts";
import { s3Client } from "../read-bucket.ts";
import { EVERY_OBJECT } from "./data-map.ts";
import type { Piece } from "./find-marks.ts";
import type { MarkKind } from "./marks.ts";

type Allowances = ReadonlyMap<string, readonly MarkKind[]>;

/** The SQLite file of one object. */
export type ObjectFile = {
  /** The name of its class, as headings of the data map. */
  readonly object: string;
  /** What the platform made of its name. */
  readonly id: string;
  readonly path: string;
};

/** Tables of the platform's own, in the same file. */
const PLATFORM = /^(?:_cf_|sqlite_)/;
const WORKER = "homeport";
const OBJECT_FILE = /^([0-9a-f]{64})\.sqlite$/;

/** The files of all objects of a stack that is stopped. */
export function objectFiles(stateDir: string): readonly ObjectFile[] {
  const root = join(stateDir, "v3/do");
  return readdirSync(root).flatMap((folder) =>
    readdirSync(join(root, folder)).flatMap((name) => {
      const id = OBJECT_FILE.exec(name)?.[1];
      const object = folder.slice(WORKER.length + 1);
      return id === undefined ? [] : [{ object, id, path: join(root, folder, name) }];
    }),
  );
}

/** Every table of every object, and what the data map lets it hold. */
export function tablesOf(files: readonly ObjectFile[], allowances: Allowances): readonly Piece[] {
  return files.flatMap(({ object, path }) =>
    withDatabase(path, (database) =>
      namesOfTables(database).map((table): Piece => {
        const name = table.replaceAll(/\d+/g, "<n>");
        const allowed =
          allowances.get(`${object} ${name}`) ?? allowances.get(`${EVERY_OBJECT} ${name}`);
        const rows = database.prepare(`SELECT * FROM "${table}"`);
        rows.setReadBigInts(true);
        return {
          area: allowed === undefined && !PLATFORM.test(table) ? "table without a row" : "table",
          where: `${object} ${name}`,
          values: rows.all().flatMap((row) => Object.values(row).map(bytesOf)),
          mayHold: allowed ?? [],
        };
      }),
    ),
  );
}

/**
 * The files themselves, with free pages and what the platform keeps beside its tables. A file may hold
 * what one of its tables may: the data map says so of free pages.
 */
export function filesOf(files: readonly ObjectFile[], allowances: Allowances): readonly Piece[] {
  return files.map(({ object, path }) => ({
    area: "file of an object",
    where: object,
    values: [path, `${path}-wal`].map((each) => readIfThere(each)),
    mayHold: [...allowances].flatMap(([row, kinds]) => (row.startsWith(`${object} `) ? kinds : [])),
  }));
}

/** What customers put into their buckets themselves, for syncs to read. */
const CUSTOMERS_OWN = /^(?:running-|broken-)?people\//;

/** Everything in the buckets: keys and metadata may hold nothing, content what the data map says. */
export async function objectsIn(
  aws: Pick<LocalAws, "endpoints">,
  allowances: Allowances,
): Promise<readonly Piece[]> {
  const pieces = await Promise.all(
    LOCATIONS.map(async (location) => {
      const credentials = HOME_CREDENTIALS[homeOf(location)];
      const client = s3Client({ endpoint: aws.endpoints[location], location, credentials });
      const bucket = { Bucket: homeBucketName(location) };
      const found: Piece[] = [];
      for await (const page of paginateListObjectsV2({ client }, bucket)) {
        for (const { Key: key = "" } of page.Contents ?? []) {
          if (CUSTOMERS_OWN.test(key)) continue;
          const object = await client.send(new GetObjectCommand({ ...bucket, Key: key }));
          const content = (await object.Body?.transformToByteArray()) ?? new Uint8Array();
          const { Body: _, ...head } = object;
          found.push(...piecesOf(key, JSON.stringify(head), content, allowances));
        }
      }
      client.destroy();
      return found;
    }),
  );
  return pieces.flat();
}

function piecesOf(
  key: string,
  head: string,
  content: Uint8Array,
  allowances: Allowances,
): readonly Piece[] {
  const where = `S3 ${key.slice(0, key.indexOf("/") + 1)}`;
  const allowed = allowances.get(where);
  const area = allowed === undefined ? "object without a row" : "object";
  return [
    { area: "key of an object", where, values: [key], mayHold: [] },
    { area: "metadata of an object", where, values: [head], mayHold: [] },
    { area, where, values: [content], mayHold: allowed ?? [] },
  ];
}

/** The file that the platform gives an object of that name. */
export function idOfName(object: string, name: string): string {
  const key = createHash("sha256").update(`${WORKER}-${object}`).digest();
  const half = (of: string | Buffer): Buffer =>
    createHmac("sha256", key).update(of).digest().subarray(0, 16);
  const first = half(name);
  return Buffer.concat([first, half(first)]).toString("hex");
}

/** What a statement answers, in the file of an object. */
export function askFile(
  path: string,
  sql: string,
): readonly Readonly<Record<string, SQLOutputValue>>[] {
  return withDatabase(path, (database) => database.prepare(sql).all());
}

/** Changes a file behind the back of its object, which has to be stopped. */
export function changeFile(path: string, sql: string, ...values: readonly string[]): void {
  withDatabase(path, (database) => database.prepare(sql).run(...values));
}

function withDatabase<T>(path: string, work: (database: DatabaseSync) => T): T {
  const database = new DatabaseSync(path);
  try {
    return work(database);
  } finally {
    database.close();
  }
}

function namesOfTables(database: DatabaseSync): readonly string[] {
  const rows = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all();
  return rows.map(({ name }) => String(name));
}

function bytesOf(value: SQLOutputValue): string | Uint8Array {
  return value instanceof Uint8Array ? value : String(value);
}

function readIfThere(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch {
    return new Uint8Array();
  }
}

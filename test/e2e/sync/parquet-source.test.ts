import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { DuckDBInstance, type DuckDBConnection } from "@duckdb/node-api";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

import { openFolder, rowsOf } from "../../support/sync/folder-source.ts";
import { MemoryBucket } from "../../support/sync/memory-bucket.ts";

let bucket: MemoryBucket;
let duckdb: DuckDBConnection;
let folder: string;

beforeAll(async () => {
  bucket = await MemoryBucket.start();
  folder = await mkdtemp(join(tmpdir(), "homeport-parquet-"));
  duckdb = await (await DuckDBInstance.create()).connect();
  await duckdb.run("SET TimeZone = 'UTC'");
});
afterEach(() => bucket.clear());
afterAll(async () => {
  await bucket.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Writes a query's rows with a program that is not ours. */
async function write(key: string, query: string, options = ""): Promise<void> {
  const path = join(folder, "file.parquet");
  await duckdb.run(`COPY (${query}) TO '${path}' (FORMAT parquet${options})`);
  bucket.put(key, new Uint8Array(await readFile(path)));
}

const VALUES: Readonly<Record<string, readonly [sql: string, type: string, text: string | null]>> =
  {
    text: ["'Grüße 🎉'", "text", "Grüße 🎉"],
    int: ["42::INTEGER", "integer", "42"],
    big: ["9007199254740993::BIGINT", "integer", "9007199254740993"],
    unsigned: ["18446744073709551615::UBIGINT", "integer", "18446744073709551615"],
    decimal: ["-1234567890123.4500::DECIMAL(18,4)", "decimal", "-1234567890123.4500"],
    small: ["0.05::DECIMAL(4,2)", "decimal", "0.05"],
    wide: ["12345678901234567890123.25::DECIMAL(30,2)", "decimal", "12345678901234567890123.25"],
    float: ["0.1::FLOAT", "float", "0.1"],
    double: ["0.1::DOUBLE", "float", "0.1"],
    yes: ["true", "boolean", "true"],
    day: ["DATE '2026-02-28'", "date", "2026-02-28"],
    local: ["TIMESTAMP '2026-02-28 23:59:59.123456'", "date_time", "2026-02-28 23:59:59.123456"],
    instant: ["TIMESTAMPTZ '2026-02-28 23:59:59.5+00'", "date_time", "2026-02-28 23:59:59.5+00"],
    early: ["TIMESTAMP '1960-01-01 00:00:00.25'", "date_time", "1960-01-01 00:00:00.25"],
    clock: ["TIME '12:34:56.789'", "text", "12:34:56.789"],
    bytes: ["'\\x00\\xFF'::BLOB", "binary", "\\x00ff"],
    list: ["[1, 2, NULL]", "json", "[1,2,null]"],
    struct: ["{'a': 1, 'b': 'x'}", "json", '{"a":1,"b":"x"}'],
    uuid: [
      "'00112233-4455-6677-8899-aabbccddeeff'::UUID",
      "text",
      "00112233-4455-6677-8899-aabbccddeeff",
    ],
    nothing: ["NULL::INTEGER", "integer", null],
  };

describe("a folder of Parquet", () => {
  it.each(Object.entries(VALUES))("reads %s as its text", async (name, [sql, type, text]) => {
    await write("data/a.parquet", `SELECT 1 AS id, ${sql} AS v`);

    const source = await openFolder(bucket, "parquet");

    expect([name, source.columns[1]?.type]).toEqual([name, type]);
    expect((await rowsOf(source, ["id", "v"])).rows).toEqual([["1", text]]);
  });

  it.each(["uncompressed", "snappy", "gzip", "zstd", "brotli", "lz4_raw"])(
    "is read where it is compressed by %s",
    async (codec) => {
      await write(
        "data/a.parquet",
        "SELECT range AS id, 'row ' || range AS name FROM range(20000)",
        `, COMPRESSION ${codec}, ROW_GROUP_SIZE 5000`,
      );

      const { rows } = await rowsOf(await openFolder(bucket, "parquet"), ["id", "name"]);

      expect(rows).toHaveLength(20_000);
      expect(rows.every(([id, name]) => name === `row ${id}`)).toBe(true);
      expect(new Set(rows.map(([id]) => id)).size).toBe(20_000);
    },
  );

  it("is read column by column: what is not asked for is not fetched", async () => {
    const query =
      "SELECT range AS id, md5(range::text) || md5((range + 1)::text) AS pad FROM range(50000)";
    await write("data/a.parquet", query);
    const source = await openFolder(bucket, "parquet");
    const bytesOf = async (columns: readonly string[]): Promise<number> => {
      let bytes = 0;
      const selection = { columns, key: ["id"] };
      for await (const batch of source.read(selection, AbortSignal.any([]))) bytes += batch.bytes;
      return bytes;
    };

    expect(await bytesOf(["id"])).toBeLessThan((await bytesOf(["id", "pad"])) / 4);
  });

  it("refuses a file that is none, without its words", async () => {
    bucket.put("data/a.parquet", "secret text that is no Parquet");

    await expect(openFolder(bucket, "parquet")).rejects.toMatchObject({
      code: "bad_file",
      message: "A file cannot be read: it is not Parquet that can be read here",
    });
  });
});

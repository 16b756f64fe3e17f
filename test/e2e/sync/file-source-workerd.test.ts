import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

import { DuckDBInstance } from "@duckdb/node-api";
import type { Miniflare } from "miniflare";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { RowHasher } from "../../../src/sync/engine/row-hash.ts";
import type { FileFormat } from "../../../src/sync/source/files/folders.ts";
import { filesConnection } from "../../support/sync/folder-source.ts";
import { MemoryBucket } from "../../support/sync/memory-bucket.ts";
import type { Read, Reading } from "../../support/sync/source-reading.ts";
import { startWorker } from "../../support/sync/start-worker.ts";

const CONFIG = fileURLToPath(new URL("../../workers/source-worker/wrangler.toml", import.meta.url));
/** The seeds of the Worker. */
const SEEDS = { keyA: 1n, keyB: -2n, row: 3n };
const ROWS = 20_000;

let folder: string;
let bucket: MemoryBucket;
let miniflare: Miniflare;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "homeport-files-"));
  bucket = await MemoryBucket.start();
  const lines = Array.from({ length: ROWS }, (_, id) => ({ id, name: `row ${id}` }));
  bucket.put("csv/a.csv.gz", gzipSync(`id,name\n${lines.map(csvLine).join("")}`));
  bucket.put("ndjson/a.ndjson.gz", gzipSync(lines.map((line) => JSON.stringify(line)).join("\n")));
  const duckdb = await (await DuckDBInstance.create()).connect();
  for (const codec of CODECS) {
    const path = join(folder, codec);
    const query = `SELECT range AS id, 'row ' || range AS name FROM range(${ROWS})`;
    await duckdb.run(`COPY (${query}) TO '${path}' (FORMAT parquet, COMPRESSION ${codec})`);
    bucket.put(`${codec}/a.parquet`, new Uint8Array(await readFile(path)));
  }
  miniflare = await startWorker(CONFIG, folder);
});

afterAll(async () => {
  await miniflare.dispose();
  await bucket.stop();
  await rm(folder, { recursive: true, force: true });
});

const CODECS = ["snappy", "gzip", "zstd", "brotli", "lz4_raw"];

function csvLine({ id, name }: { readonly id: number; readonly name: string }): string {
  return `${id},${name}\n`;
}

async function read(prefix: string, format: FileFormat, development = true): Promise<Read> {
  const reading: Reading = {
    connection: filesConnection(bucket),
    model: { kind: "folder", prefix: `${prefix}/`, format, files: "newest" },
    key: ["id"],
    development,
  };
  const answer = await miniflare.dispatchFetch("http://worker/", {
    method: "POST",
    body: JSON.stringify(reading),
  });
  return (await answer.json()) as Read;
}

/** The exclusive or of the hashes of all rows, computed here. */
function expectedXor(): string {
  const hasher = new RowHasher(SEEDS, [0]);
  const ids = Array.from({ length: ROWS }, (_, id) => id);
  const xor = ids.reduce((sum, id) => {
    return sum ^ (hasher.hash([String(id), `row ${id}`])?.rowHash ?? 0n);
  }, 0n);
  return String(xor);
}

describe("a source of files in workerd", () => {
  it.each([
    ["csv", "csv"],
    ["ndjson", "ndjson"],
    ...CODECS.map((codec) => [codec, "parquet"] as const),
  ] as const)("reads %s", async (prefix, format) => {
    const { columns, ordered } = await read(prefix, format);

    expect(columns).toEqual(["id", "name"]);
    expect(ordered).toMatchObject({ rows: ROWS, xor: expectedXor() });
  });

  it("is not read from a bucket that is in no region", async () => {
    const { code, told } = await read("csv", "csv", false);

    expect(code).toBe("refused_by_guard");
    expect(told).toEqual([expect.stringMatching(/^127\.0\.0\.1:\d+ private-address$/)]);
  });
});

import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { halvesOf, pgHash, type Halves } from "../../../src/sync/engine/pg-hash.ts";
import { RowHasher } from "../../../src/sync/engine/row-hash.ts";
import type { HashSeeds, SourceRow } from "../../../src/sync/source/source.ts";
import { startPostgres, type PostgresServer } from "../../support/deliver/postgres-server.ts";

let server: PostgresServer;
let sql: postgres.Sql;

beforeAll(async () => {
  server = await startPostgres();
  const { host, port, database, user, password } = server;
  sql = postgres({ host, port, database, user, password, max: 1 });
});

afterAll(async () => {
  await sql.end();
  await server.stop();
});

const SEEDS: HashSeeds = {
  keyA: -3_141_592_653_589_793_238n,
  keyB: 2_718_281_828_459_045_235n,
  row: 1_618_033_988_749_894_848n,
};

function hashOf(text: string, seed: bigint): bigint {
  const bytes = new TextEncoder().encode(text);
  const padded = new Uint8Array(Math.ceil(bytes.length / 4) * 4 + 12);
  padded.set(bytes);
  const out: Halves = { high: 0, low: 0 };
  pgHash(new Uint32Array(padded.buffer), bytes.length, halvesOf(seed), out);
  return BigInt.asIntN(64, (BigInt(out.high) << 32n) | BigInt(out.low));
}

/** The contract in SQL, as a source has to state it; a row is an array of text here. */
async function hashesInPostgres(row: SourceRow, key: readonly number[]) {
  const text = (cells: SourceRow) => sql`(
    SELECT string_agg(CASE WHEN cell IS NULL THEN 'N' ELSE length(cell) || ':' || cell END, '' ORDER BY n)
    FROM unnest(${cells as string[]}::text[]) WITH ORDINALITY AS cells (cell, n)) COLLATE "C"`;
  const ofKey = key.map((place) => row[place] ?? null);
  const [found] = await sql<{ a: string; b: string; row: string }[]>`SELECT
    hashtextextended(${text(ofKey)}, ${String(SEEDS.keyA)}::bigint)::text AS a,
    hashtextextended(${text(ofKey)}, ${String(SEEDS.keyB)}::bigint)::text AS b,
    hashtextextended(${text(row)}, ${String(SEEDS.row)}::bigint)::text AS row`;
  return found;
}

function ordered(hash: string | undefined): string {
  const flipped = BigInt.asUintN(64, BigInt(hash ?? 0)) ^ (1n << 63n);
  return flipped.toString(16).padStart(16, "0");
}

describe("pgHash() and a real Postgres", () => {
  it.each([
    ["ASCII", "x1:y-"],
    ["unicode", "ü€𝄞é"],
  ])("agree on %s texts of 0 to 100 characters, under many seeds", async (_, letters) => {
    const texts = Array.from({ length: 101 }, (_, n) =>
      Array.from({ length: n }, (_, i) => Array.from(letters)[(i * i + n) % 4]).join(""),
    );
    const seeds = texts.map((_, n) => (n === 0 ? 0n : BigInt.asIntN(64, BigInt(n) ** 37n)));

    const rows = await sql<{ hash: string }[]>`
      SELECT hashtextextended(text COLLATE "C", seed::bigint)::text AS hash
      FROM unnest(${texts}::text[], ${seeds.map(String)}::text[]) WITH ORDINALITY AS t (text, seed, n)
      ORDER BY n`;

    expect(texts.map((text, n) => hashOf(text, seeds[n] ?? 0n))).toEqual(
      rows.map(({ hash }) => BigInt(hash)),
    );
  });
});

describe("RowHasher and a real Postgres", () => {
  it.each<[string, SourceRow, readonly number[]]>([
    ["plain cells", ["17", "Ada", "3.14"], [0]],
    ["NULL beside an empty text", ["17", null, "", "N"], [0]],
    ["a composite key out of order", ["a", "1:b", "c", null], [2, 0]],
    ["characters of one to four bytes", ["é", "€uro", "𝄞𝄞", "e\u0301"], [2]],
    ["a long cell", ["k".repeat(300), "ü".repeat(5000)], [0]],
  ])("agree on %s", async (_, row, key) => {
    const hashes = new RowHasher(SEEDS, key).hash(row);

    const found = await hashesInPostgres(row, key);

    expect(hashes).toEqual({
      keyHash: ordered(found?.a) + ordered(found?.b),
      rowHash: BigInt.asUintN(64, BigInt(found?.row ?? 0)),
    });
  });

  it("sort keys as a server sorts its signed numbers", async () => {
    const hasher = new RowHasher(SEEDS, [0]);
    const keys = Array.from({ length: 200 }, (_, n) => `key ${n}`);

    const rows = await sql<{ key: string }[]>`
      SELECT key FROM unnest(${keys}::text[]) AS t (key) ORDER BY
        hashtextextended((length(key) || ':' || key) COLLATE "C", ${String(SEEDS.keyA)}::bigint)`;

    const byHash = keys.toSorted((x, y) =>
      (hasher.hashKey([x]) ?? "") < (hasher.hashKey([y]) ?? "") ? -1 : 1,
    );
    expect(byHash).toEqual(rows.map(({ key }) => key));
  });
});

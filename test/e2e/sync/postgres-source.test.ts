import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import type { PostgresSource } from "../../../src/sync/source/postgres/postgres-source.ts";
import { gatheringDial } from "../../support/deliver/node-dial.ts";
import { startPostgres, type PostgresServer } from "../../support/deliver/postgres-server.ts";
import { sumOf } from "../../support/sync/memory-sources.ts";
import { ALWAYS, gathered, openPostgres } from "../../support/sync/open-postgres.ts";

const ROWS = 20_000;
const SELECTION = { columns: ["id", "name", "score"], key: ["id"] };
const SELECTION_OF_PAIRS = { columns: ["tenant", "code", "name"], key: ["tenant", "code"] };

let server: PostgresServer;
let sql: postgres.Sql;

beforeAll(async () => {
  server = await startPostgres();
  sql = postgres({ ...server, max: 2, onnotice: () => undefined });
  await sql.unsafe(`
    CREATE TABLE people AS SELECT n AS id, 'person ' || n AS name, n * 1.50 AS score
      FROM generate_series(1, ${ROWS}) n;
    ALTER TABLE people ADD PRIMARY KEY (id);
    CREATE TABLE pairs (tenant int, code text, name text);
    INSERT INTO pairs SELECT n % 7, E'k"\\\\ ,{}''' || n, 'x' FROM generate_series(1, 500) n;
    INSERT INTO pairs VALUES (NULL, 'a', 'one'), (1, NULL, 'two');
    CREATE TABLE amounts (amount numeric, tag char(4), at timestamptz);
    INSERT INTO amounts VALUES (1.0, 'ab', '2026-03-01 10:00+02'), (1.00, 'c', 'infinity');
    ANALYZE people;
  `);
});

afterAll(async () => {
  await sql.end();
  await server.stop();
});

async function reading<T>(
  model: Parameters<typeof openPostgres>[1],
  work: (source: PostgresSource) => Promise<T>,
): Promise<T> {
  const source = await openPostgres(server, model);
  try {
    return await work(source);
  } finally {
    await source.close();
  }
}

describe("a table of Postgres", () => {
  it("tells its columns with their types, and what a planner wants", async () => {
    await reading("people", async ({ columns, facts }) => {
      expect(columns).toEqual([
        { name: "id", type: "integer" },
        { name: "name", type: "text" },
        { name: "score", type: "decimal" },
      ]);
      expect(facts).toEqual({ version: 18, canSum: true, rowsEstimate: ROWS });
    });
  });

  it("has sums that are those of its rows, bucket by bucket", async () => {
    const bits = 5;
    await reading("people", async (source) => {
      const hashes = Array.from({ length: 2 ** bits }, (): bigint[] => []);
      for (const { keyHash, rowHash } of (
        await gathered(source.ordered(SELECTION, undefined, ALWAYS))
      ).rows) {
        hashes[Number.parseInt(keyHash.slice(0, 2), 16) >> (8 - bits)]?.push(rowHash);
      }

      const { sums, totals } = await summed(source, bits);

      const wanted = BigUint64Array.from(hashes.map(sumOf));
      expect(sums).toEqual([{ first: 0, sums: wanted, bytes: expect.any(Number) }]);
      expect(totals).toEqual({ rows: ROWS, nullKeys: 0 });
    });
  });

  it("gives the keys of buckets and the rows of keys, which are those of the whole", async () => {
    await reading("people", async (source) => {
      const all = await gathered(source.ordered(SELECTION, undefined, ALWAYS));
      const wanted = all.rows.filter(({ keyHash }) => keyHash.startsWith("4"));

      const buckets = { bits: 8, numbers: Array.from({ length: 16 }, (_, i) => 64 + i) };
      const keys = await gathered(source.keysOf(SELECTION, buckets, ALWAYS));
      const cells = keys.rows.map(({ row }) => row);
      const rows = await gathered(source.rowsOf(SELECTION, cells, ALWAYS));

      const bare = wanted.map((row) => ({ ...row, row: row.row.slice(0, 1) }));
      expect(keys.rows).toEqual(bare);
      expect(rows.rows.toSorted((a, b) => (a.keyHash < b.keyHash ? -1 : 1))).toEqual(wanted);
    });
  });

  it("shows no more rows than can be held beside much else", async () => {
    const wide = "SELECT n AS id, repeat('x', 1000000) AS text FROM generate_series(1, 40) n";
    await reading({ kind: "query", sql: wide }, async (source) => {
      const shown = await source.sample(40, ALWAYS);
      expect(shown.length).toBeGreaterThan(2);
      expect(shown.length).toBeLessThan(10);
    });
  });

  it("goes on after a key's hash", async () => {
    await reading("people", async (source) => {
      const all = await gathered(source.ordered(SELECTION, undefined, ALWAYS));

      const after = all.rows[ROWS / 2]?.keyHash;
      const rest = await gathered(source.ordered(SELECTION, after, ALWAYS));

      expect(rest.rows).toEqual(all.rows.slice(ROWS / 2 + 1));
    });
  });

  it("is read a second time after a reader went away in the middle", async () => {
    await reading("people", async (source) => {
      for await (const batch of source.ordered(SELECTION, undefined, ALWAYS)) {
        if (batch.rows.length > 0) break;
      }

      const all = await gathered(source.ordered(SELECTION, undefined, ALWAYS));

      expect(all.rows).toHaveLength(ROWS);
    });
  });

  it("is asked for keys while its sums are read", async () => {
    await reading("people", async (source) => {
      const { sums } = await source.sums(SELECTION, 16, ALWAYS);
      for await (const { first } of sums) {
        if (first > 0) continue;
        const buckets = { bits: 16, numbers: [0, 1, 2] };
        await gathered(source.keysOf(SELECTION, buckets, ALWAYS));
      }

      expect(await source.withoutKey(SELECTION, 5, ALWAYS)).toEqual([]);
    });
  });

  it("is read to its end although all of it comes at once", async () => {
    const source = await openPostgres(server, "people", {}, ALWAYS, gatheringDial(200));
    const all = await gathered(source.ordered(SELECTION, undefined, ALWAYS));
    await source.close();

    expect(all.rows).toHaveLength(ROWS);
  });

  it("reads a thousandth that changed for less than a fiftieth of all bytes", async () => {
    await sql.unsafe(`CREATE TABLE wide AS SELECT n AS id, repeat(md5(n::text), 4) AS pad
        FROM generate_series(1, 200000) n;
      ALTER TABLE wide ADD PRIMARY KEY (id)`);
    const selection = { columns: ["id", "pad"], key: ["id"] };
    await reading("wide", async (source) => {
      const whole = await gathered(source.ordered(selection, undefined, ALWAYS));
      const bits = 14;
      const changed = whole.rows.filter((_, at) => at % 1_000 === 0);
      const numbers = changed.map(({ keyHash }) => Number.parseInt(keyHash.slice(0, 4), 16) >> 2);

      const { bytes: ofSums } = await summed(source, bits, selection);
      const keys = await gathered(source.keysOf(selection, { bits, numbers }, ALWAYS));
      const cells = changed.map(({ row }) => row.slice(0, 1));
      const rows = await gathered(source.rowsOf(selection, cells, ALWAYS));

      expect(rows.rows).toHaveLength(200);
      expect((ofSums + keys.bytes + rows.bytes) / whole.bytes).toBeLessThan(0.02);
    });
  });
});

describe("keys of Postgres", () => {
  it("of several columns and with odd characters find their rows, and NULLs are apart", async () => {
    await reading("pairs", async (source) => {
      const all = await gathered(source.ordered(SELECTION_OF_PAIRS, undefined, ALWAYS));
      const keys = all.rows.map(({ row }) => row.slice(0, 2));
      const { totals } = await summed(source, 4, SELECTION_OF_PAIRS);

      expect((await gathered(source.rowsOf(SELECTION_OF_PAIRS, keys, ALWAYS))).rows).toHaveLength(
        500,
      );
      expect(all.nullKeys).toHaveLength(2);
      expect(totals).toEqual({ rows: 502, nullKeys: 2 });
      expect(await source.withoutKey(SELECTION_OF_PAIRS, 1, ALWAYS)).toHaveLength(1);
    });
  });

  it("that a type calls equal although their texts differ are two", async () => {
    const selection = { columns: ["amount", "tag"], key: ["amount"] };
    await reading("amounts", async (source) => {
      const { rows } = await gathered(source.rowsOf(selection, [["1.0"]], ALWAYS));

      expect(rows.map(({ row }) => row)).toEqual([["1.0", "ab"]]);
    });
  });

  it("may have any type: blanks at the end, JSON, arrays", async () => {
    const model = {
      kind: "query",
      sql: `SELECT tag, to_json(tag) AS doc, ARRAY[tag, 'x"y'] AS list FROM amounts -- all`,
    } as const;
    const columns = ["tag", "doc", "list"];
    await reading(model, async (source) => {
      const all = await gathered(source.ordered({ columns, key: columns }, undefined, ALWAYS));
      const keys = all.rows.map(({ row }) => row);
      const found = await gathered(source.rowsOf({ columns, key: columns }, keys, ALWAYS));

      expect(found.rows).toHaveLength(2);
    });
  });

  it("come in buckets with the hashes that rows have in order, whatever their characters", async () => {
    const texts = ["é", "\uFEFFx", "a\u0301", "𝄞", "plain"];
    await sql`CREATE TABLE texts AS SELECT * FROM unnest(${texts}::text[]) AS t (text)`;
    const selection = { columns: ["text"], key: ["text"] };
    await reading("texts", async (source) => {
      const all = await gathered(source.ordered(selection, undefined, ALWAYS));
      const keys = await gathered(source.keysOf(selection, { bits: 1, numbers: [0, 1] }, ALWAYS));

      expect(keys.rows).toEqual(all.rows);
      expect(new Set(keys.rows.map(({ row }) => row[0]))).toEqual(new Set(texts));
    });
  });

  it("have texts that do not depend on the server's settings", async () => {
    await sql.unsafe(
      "ALTER ROLE app SET timezone = 'Asia/Tokyo'; ALTER ROLE app SET datestyle = 'German'",
    );
    const rows = await reading("amounts", (source) =>
      gathered(source.ordered({ columns: ["at"], key: ["at"] }, undefined, ALWAYS)),
    );
    await sql.unsafe("ALTER ROLE app RESET timezone; ALTER ROLE app RESET datestyle");

    expect(new Set(rows.rows.map(({ row }) => row[0]))).toEqual(
      new Set(["2026-03-01 08:00:00+00", "infinity"]),
    );
  });
});

async function summed(source: PostgresSource, bits: number, selection = SELECTION) {
  const asked = await source.sums(selection, bits, ALWAYS);
  const sums = [];
  let bytes = 0;
  for await (const each of asked.sums) {
    sums.push(each);
    bytes += each.bytes;
  }
  return { sums, bytes, totals: asked.totals() };
}

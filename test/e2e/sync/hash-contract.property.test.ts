import fc from "fast-check";
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { RowHasher } from "../../../src/sync/engine/row-hash.ts";
import { startPostgres, type PostgresServer } from "../../support/deliver/postgres-server.ts";
import { ALWAYS, gathered, openPostgres, SEEDS } from "../../support/sync/open-postgres.ts";

let server: PostgresServer;
let sql: postgres.Sql;

beforeAll(async () => {
  server = await startPostgres();
  sql = postgres({ ...server, max: 1, onnotice: () => undefined });
  await sql.unsafe(`CREATE TABLE cells (
    id int, a text, b text, n numeric, f float8, d date, t timestamptz, j jsonb, y bool)`);
});

afterAll(async () => {
  await sql.end();
  await server.stop();
});

// Postgres takes neither NUL nor half of a pair.
const text = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 40 }),
  fc.string({ unit: "binary", maxLength: 40 }).map((each) => each.replaceAll("\0", "")),
  fc.string({ unit: fc.constantFrom("1:", ":", "N", "\n", "\\"), maxLength: 10 }),
);
const orNull = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(of, { freq: 5 });
const row = fc.record({
  a: orNull(text),
  b: text,
  n: orNull(fc.tuple(fc.bigInt(-(10n ** 20n), 10n ** 20n), fc.integer({ min: 0, max: 9 }))),
  f: orNull(fc.double()),
  t: orNull(fc.integer({ min: -60_000_000_000, max: 60_000_000_000 })),
  j: orNull(fc.json()),
  y: orNull(fc.boolean()),
});

describe("the hash contract", () => {
  it("is the same in Postgres and here, for keys and for rows", async () => {
    const columns = ["id", "a", "b", "n", "f", "d", "t", "j", "y"];
    const hasher = new RowHasher(SEEDS, [0, 2]);
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 200 }), async (rows) => {
        await sql`TRUNCATE cells`;
        const values = rows.map(({ a, b, n, f, t, j, y }, id) => ({
          id,
          a,
          b,
          j: j?.replaceAll(String.raw`\u0000`, "") ?? null,
          y,
          n: n === null ? null : `${n[0]}.${n[1]}`,
          f: f === null ? null : String(f),
          d: t === null ? null : new Date(t * 1_000).toISOString().slice(0, 10),
          t: t === null ? null : new Date(t * 1_000).toISOString(),
        }));
        await sql`INSERT INTO cells
          SELECT * FROM json_populate_recordset(NULL::cells, ${JSON.stringify(values)}::text::json)`;
        const source = await openPostgres(server, "cells");

        const read = await gathered(
          source.ordered({ columns, key: ["id", "b"] }, undefined, ALWAYS),
        );
        await source.close();

        expect(read.rows).toHaveLength(rows.length);
        for (const { keyHash, rowHash, row: cells } of read.rows) {
          expect({ keyHash, rowHash }).toEqual(hasher.hash(cells));
        }
        const inOrder = read.rows.every(({ keyHash }, at) => {
          return keyHash > (read.rows[at - 1]?.keyHash ?? "");
        });
        expect(inOrder).toBe(true);
      }),
      { numRuns: 30 },
    );
  });
});

import { describe, expect, it } from "vitest";

import { BEGIN, modelQuery, Statements } from "../../../../src/sync/source/postgres/sql.ts";

const SEEDS = { keyA: -(2n ** 63n), keyB: 2n, row: 3n };
const TABLE = { kind: "table", schema: "sh op", name: 'a"b' } as const;
const SELECTION = { columns: ["id", 'na"me'], key: ["id"] };
const table = new Statements(TABLE, SEEDS);

describe("statements of a Postgres source", () => {
  it("begin a transaction that cannot write", () => {
    expect(BEGIN).toMatch(/^BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY;/);
  });

  it("change settings for their transaction only", () => {
    const settings = BEGIN.split(";\n").slice(1);

    expect(
      settings.filter((each) => !each.startsWith("SET LOCAL ") && !each.includes(", true)")),
    ).toEqual([]);
  });

  it("quote every name", () => {
    expect(table.sample(SELECTION.columns, 1)).toBe(
      'COPY (SELECT m."id"::text, m."na""me"::text FROM "sh op"."a""b" AS m LIMIT 1) TO STDOUT (FORMAT binary)',
    );
  });

  it("write the least seed as a number that the server can read", () => {
    expect(table.ordered(SELECTION, undefined)).toContain("'-9223372036854775808'::int8");
  });

  it("keep a key's text a text, whatever is in it", () => {
    const statement = table.rowsOf(
      { columns: ["id"], key: ["id"] },
      [{ name: "text", isComparable: true }],
      [[`a'b"c\\d`], ["x,y}"]],
    );

    expect(statement).toContain(String.raw`unnest('{"a''b\"c\\d","x,y}"}'::text[])`);
  });

  it("ask for no hash of a key that its cells give", () => {
    const statement = table.keysOf(SELECTION, { bits: 8, numbers: [1, 2] });

    expect(statement.split(" FROM ")[0]?.match(/hashtextextended/g)).toHaveLength(1);
  });

  it("end a query's comment before they go on", () => {
    const query = new Statements({ kind: "query", sql: "SELECT 1 AS id -- all ;\n " }, SEEDS);

    expect(query.sample(["id"], 1)).toContain("FROM (SELECT 1 AS id -- all\n) AS m");
  });

  it("ask about a query as it stands, without its last semicolon", () => {
    expect(modelQuery({ kind: "query", sql: " SELECT 1; \n" })).toBe(" SELECT 1");
  });
});

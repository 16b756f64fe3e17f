import postgres from "postgres";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";

import {
  SYNC_SPILL_SQL,
  SyncSpillTable,
} from "../../../durable-objects/storage/sync-spill-table.ts";
import type { DiffPiece } from "../../../src/sync/engine/change.ts";
import { diff } from "../../../src/sync/engine/diff.ts";
import { planOf, type Plan } from "../../../src/sync/engine/plan.ts";
import type { PostgresSource } from "../../../src/sync/source/postgres/postgres-source.ts";
import type { Selection } from "../../../src/sync/source/source.ts";
import { startPostgres, type PostgresServer } from "../../support/deliver/postgres-server.ts";
import { NodeStorage } from "../../support/node-storage.ts";
import { nodeState } from "../../support/sync/node-state.ts";
import { ALWAYS, openPostgres } from "../../support/sync/open-postgres.ts";

const ROWS = 60_000;
const CHANGES = 60;
const SELECTION = {
  columns: ["name", "region", "code", "amount", "note"],
  key: ["region", "code"],
};
const ORDERED: Plan = { engine: "ordered_merge", why: "" };
const SUMMED = planAfter(CHANGES);
/** Of the narrowest rows that are worth a sync: 25 characters in three columns. */
const NARROW = { columns: ["id", "email", "word"], key: ["id"] };

let server: PostgresServer;
let sql: postgres.Sql;
let source: PostgresSource;
let synced: ReturnType<typeof nodeState>;

/** The plan of a run after one that found so many changes. */
function planAfter(lastChanges: number): Plan {
  return planOf({
    source: { kind: "sql", facts: { canSum: true, rowsEstimate: ROWS } },
    needs: { updates: true, gone: "delete" },
    accepted: ROWS,
    lastChanges,
    fullSync: undefined,
    isContractChanged: false,
  });
}

beforeAll(async () => {
  server = await startPostgres();
  sql = postgres({ ...server, max: 2, onnotice: () => undefined });
});

afterAll(async () => {
  await sql.end();
  await server.stop();
});

beforeEach(async () => {
  await sql.unsafe(`
    DROP TABLE IF EXISTS people;
    CREATE TABLE people (region text, code text, name text, amount numeric, unmapped int, note text);
    INSERT INTO people SELECT (array['eu', 'us'])[1 + n % 2], 'ü' || n, nullif('person ' || n, 'person 7'),
      n * 1.50, 0, repeat('x', 100) FROM generate_series(1, ${ROWS}) n;
    CREATE INDEX ON people (region, code);
    ANALYZE people`);
  source = await openPostgres(server, "people");
  synced = nodeState(new NodeStorage());
  synced.storage.sql.exec(`${SYNC_SPILL_SQL} `);
  await run(ORDERED);
});

afterEach(() => source.close());

function run(plan: Plan) {
  return runOf(source, plan, SELECTION);
}

/** Diffs, and accepts all changes. */
async function runOf(of: PostgresSource, plan: Plan, selection: Selection) {
  const { state, storage } = synced;
  const found = {
    inserts: [] as string[],
    updates: [] as string[],
    deletes: 0,
    invalid: 0,
    rows: 0,
    bytes: 0,
  };
  const take = ({ changes, settled, invalid, invalidUnread, read }: DiffPiece): void => {
    for (const { kind, row } of changes) {
      const named = row[selection.columns.indexOf("code")] ?? row[0] ?? "";
      if (kind === "insert") found.inserts.push(named);
      else if (kind === "update") found.updates.push(named);
      else found.deletes += 1;
    }
    found.invalid += invalid.length + invalidUnread;
    found.rows += read.rows;
    found.bytes += read.bytes;
    const taken = changes.map(({ kind, keyHash, rowHash }) => ({
      keyHash,
      rowHash: kind === "delete" ? undefined : rowHash,
    }));
    storage.transactionSync(() => state.accept([...settled, ...taken]));
  };
  const pieces = diff(of, {
    plan,
    state,
    selection,
    needs: { updates: true, gone: "delete" },
    isFull: false,
    position: undefined,
    signal: ALWAYS,
    spill: new SyncSpillTable(storage.sql),
    nextTurn: async () => undefined,
  });
  for await (const piece of pieces) take(piece);
  return found;
}

describe.each([
  ["in order", ORDERED],
  ["by sums", SUMMED],
])("a diff of a real table with a composite key, %s", (_, plan) => {
  it("finds what changed in mapped columns, what is new and what is gone, and nothing else", async () => {
    await sql`UPDATE people SET name = 'other' WHERE code IN ('ü7', 'ü8', 'ü9')`;
    await sql`UPDATE people SET unmapped = 1`;
    await sql`DELETE FROM people WHERE code IN ('ü100', 'ü101')`;
    await sql`INSERT INTO people VALUES ('eu', 'new', NULL, 1, 0, '')`;
    const first = await run(plan);
    const second = await run(plan);

    expect(first).toMatchObject({ inserts: ["new"], deletes: 2, invalid: 0, rows: ROWS - 1 });
    expect(first.updates.toSorted()).toEqual(["ü7", "ü8", "ü9"]);
    expect(second).toMatchObject({ inserts: [], updates: [], deletes: 0 });
  });

  it("takes rows without a whole key, and all rows of a key that several have, for invalid", async () => {
    await sql`INSERT INTO people SELECT region, code, 'twice', 1, 0, '' FROM people WHERE code = 'ü5'`;
    await sql`INSERT INTO people VALUES (NULL, 'x', 'a', 1, 0, ''), ('eu', NULL, 'b', 1, 0, '')`;
    const found = await run(plan);

    expect(found).toMatchObject({ inserts: [], updates: [], deletes: 0, invalid: 4 });
  });

  it("tells 1.5 from 1.50 only as the server does", async () => {
    await sql`UPDATE people SET amount = amount + 0 WHERE code = 'ü3'`;
    await sql`UPDATE people SET amount = 4.500 WHERE code = 'ü3'`;

    expect((await run(plan)).updates).toEqual(["ü3"]);
  });
});

describe("a diff by sums", () => {
  it("reads at most 2 % of the bytes of a full read when 0.1 % changed", async () => {
    const full = await run(ORDERED);
    await sql`UPDATE people SET name = name || '!' WHERE code IN
      (SELECT 'ü' || n * 997 FROM generate_series(1, ${CHANGES}) n)`;
    const found = await run(SUMMED);

    expect(found.updates).toHaveLength(CHANGES);
    expect(found.bytes / full.bytes).toBeLessThan(0.02);
  });

  it.each([
    ["a thousandth", CHANGES],
    ["nothing", 0],
    ["a tenth", ROWS / 10],
  ])("does so of narrow rows, after a run in which %s changed", async (_, lastChanges) => {
    await sql.unsafe(`DROP TABLE IF EXISTS narrow;
      CREATE TABLE narrow AS SELECT n AS id, n || '@example.eu' AS email, 'word' AS word
        FROM generate_series(1, ${ROWS}) n;
      ALTER TABLE narrow ADD PRIMARY KEY (id)`);
    synced.storage.transactionSync(() => synced.state.clear());
    const narrow = await openPostgres(server, "narrow");
    try {
      const full = await runOf(narrow, ORDERED, NARROW);
      await sql`UPDATE narrow SET word = 'term' WHERE id % 1000 = 7`;
      const found = await runOf(narrow, planAfter(lastChanges), NARROW);

      expect(found.updates).toHaveLength(CHANGES);
      expect(found.bytes / full.bytes).toBeLessThan(0.02);
    } finally {
      await narrow.close();
    }
  });
});

import { describe, expect, it } from "vitest";

import {
  SYNC_SPILL_SQL,
  SyncSpillTable,
} from "../../../../durable-objects/storage/sync-spill-table.ts";
import type { DiffPiece } from "../../../../src/sync/engine/change.ts";
import { chosenKeys } from "../../../../src/sync/engine/chosen-keys.ts";
import { diff } from "../../../../src/sync/engine/diff.ts";
import { END, type PartitionInput } from "../../../../src/sync/engine/diff-input.ts";
import type { Plan } from "../../../../src/sync/engine/plan.ts";
import { Spill } from "../../../../src/sync/engine/spill.ts";
import { KEY_CHARS_MAX } from "../../../../src/sync/engine/verdict.ts";
import type { SourceRow } from "../../../../src/sync/source/source.ts";
import { NodeStorage } from "../../../support/node-storage.ts";
import { hasherOf, MemoryRows, MemorySql } from "../../../support/sync/memory-sources.ts";
import { nodeState } from "../../../support/sync/node-state.ts";

const SELECTION = { columns: ["id", "name"], key: ["id"] };
const ORDERED: Plan = { engine: "ordered_merge", why: "" };

function input(changes: Partial<PartitionInput> = {}): PartitionInput {
  const storage = new NodeStorage();
  storage.sql.exec(`${SYNC_SPILL_SQL} `);
  return {
    state: nodeState(storage).state,
    selection: SELECTION,
    needs: { updates: true, gone: "delete" },
    isFull: false,
    position: undefined,
    signal: new AbortController().signal,
    spill: new SyncSpillTable(storage.sql),
    nextTurn: async () => undefined,
    ...changes,
  };
}

function table(rows: readonly SourceRow[]) {
  return { columns: ["id", "name"], rows };
}

async function all(pieces: AsyncIterable<DiffPiece>): Promise<readonly DiffPiece[]> {
  const found = [];
  for await (const piece of pieces) found.push(piece);
  return found;
}

async function changes(pieces: AsyncIterable<DiffPiece>) {
  return (await all(pieces)).flatMap((piece) => piece.changes);
}

function manyRows(count: number, name = "Ada"): readonly SourceRow[] {
  return Array.from({ length: count }, (_, n) => [String(n), name]);
}

describe("diff()", () => {
  it("reads every row when sums show that most of it changed, and says so", async () => {
    const of = input();
    const accepted = await changes(
      diff(new MemorySql(table(manyRows(12_000))), { ...of, plan: ORDERED }),
    );
    of.state.accept(accepted);
    const told: string[] = [];
    const request = {
      ...of,
      plan: { engine: "checksum" as const, bits: 8, why: "" },
      switched: (engine: string) => told.push(engine),
    };

    const found = await changes(diff(new MemorySql(table(manyRows(12_000, "Bo"))), request));

    expect({ told, found: found.length }).toEqual({ told: ["ordered_merge"], found: 12_000 });
  });

  it("does nothing from the end on", async () => {
    const request = { ...input({ position: END }), plan: ORDERED };

    expect(await all(diff(new MemorySql(table(manyRows(5))), request))).toEqual([]);
  });

  it("holds small pieces, however many rows are gone", async () => {
    const of = input();
    of.state.accept(
      await changes(diff(new MemorySql(table(manyRows(9_000))), { ...of, plan: ORDERED })),
    );

    const pieces = await all(diff(new MemorySql(table([])), { ...of, plan: ORDERED }));

    expect(Math.max(...pieces.map((piece) => piece.changes.length))).toBe(2_000);
  });

  it.each(["sql", "rows"])(
    "takes a key that is too long for invalid, from a source of %s",
    async (kind) => {
      const rows = table([["k".repeat(KEY_CHARS_MAX), "Ada"]]);
      const source = kind === "sql" ? new MemorySql(rows) : new MemoryRows(rows);

      const pieces = await all(diff(source, { ...input(), plan: ORDERED }));

      expect(pieces.flatMap((piece) => piece.invalid.map(({ reason }) => reason))).toEqual([
        "KEY_TOO_LONG",
      ]);
    },
  );

  it("refuses rows that are not in the order of their hashes", async () => {
    const source = new MemorySql(table(manyRows(20)));
    const ordered = source.ordered.bind(source);
    source.ordered = async function* (selection, after) {
      for await (const batch of ordered(selection, after)) {
        yield { ...batch, rows: batch.rows.toReversed() };
      }
    };

    await expect(all(diff(source, { ...input(), plan: ORDERED }))).rejects.toThrow(
      "not in the order",
    );
  });

  it("leaves rows outside a window alone", async () => {
    const of = input({ needs: { updates: false, gone: "ignore" } });
    of.state.accept(
      await changes(diff(new MemorySql(table(manyRows(50))), { ...of, plan: ORDERED })),
    );

    const window = table([
      ["7", "Ada"],
      ["99", "Ada"],
    ]);
    const pieces = await all(diff(new MemorySql(window), { ...of, plan: ORDERED }));

    const told = pieces.flatMap((piece) => [...piece.changes, ...piece.settled]);
    expect(told).toEqual([expect.objectContaining({ kind: "insert", row: ["99", "Ada"] })]);
  });
});

describe("chosenKeys()", () => {
  it.each(["sql", "rows"])(
    "tells chosen rows of a source of %s, changed or not, and those that are gone",
    async (kind) => {
      const of = input();
      const before = table([
        ["1", "Ada"],
        ["2", "Bo"],
        ["3", "Cy"],
      ]);
      of.state.accept(await changes(diff(new MemorySql(before), { ...of, plan: ORDERED })));
      const now = table([
        ["1", "Ada"],
        ["3", "Cy"],
        ["4", "Di"],
      ]);
      const source = kind === "sql" ? new MemorySql(now) : new MemoryRows(now);

      const found = await changes(
        chosenKeys(source, of, [["1"], ["2"], ["4"], ["5"]], hasherOf(SELECTION)),
      );

      expect(found.map((change) => change.kind)).toEqual(["update", "delete", "insert"]);
    },
  );

  it("refuses a key that is not whole", async () => {
    const pieces = chosenKeys(new MemorySql(table([])), input(), [["1", "2"]], hasherOf(SELECTION));

    await expect(all(pieces)).rejects.toMatchObject({ code: "no_such_key" });
  });
});

/** Rows put down in many blobs, to be gone through ten at a time. */
function spilled(storage: NodeStorage): Spill {
  storage.sql.exec(`${SYNC_SPILL_SQL} `);
  const limits = { gatheredRows: 1_000, passRows: 10 };
  const spill = new Spill(new SyncSpillTable(storage.sql), limits);
  const hasher = hasherOf(SELECTION);
  for (const [number, row] of manyRows(10_000).entries()) {
    const hashes = hasher.hash(row);
    if (hashes !== undefined) spill.add({ ...hashes, row }, number);
  }
  return spill;
}

describe("Spill", () => {
  it("does not take rows for gone that somebody else cleared away", () => {
    const storage = new NodeStorage();
    const passes = spilled(storage).passes();
    passes.next();
    new SyncSpillTable(storage.sql).clear();

    expect(() => [...passes]).toThrow("What was read of the source was lost");
  });

  it("goes through a range that is too large for memory in passes, all rows once and in order", () => {
    const spill = spilled(new NodeStorage());
    const numbers = new Set<number>();
    let last = -1;
    let isOrdered = true;
    let largest = 0;
    for (const { words, count } of spill.passes()) {
      const firsts = Array.from({ length: count }, (_, i) => words[i * 7] ?? 0);
      isOrdered &&= Math.min(...firsts) >= last;
      last = Math.max(last, ...firsts);
      largest = Math.max(largest, count);
      for (let i = 0; i < count; i++) numbers.add(words[i * 7 + 6] ?? -1);
    }

    expect({ rows: numbers.size, isOrdered, isSmall: largest < 30 }).toEqual({
      rows: 10_000,
      isOrdered: true,
      isSmall: true,
    });
  });
});

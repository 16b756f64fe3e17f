import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RECENT_IDS_MAX, RecentIds } from "../../../../../src/ingest/queue/dedup/recent-ids.ts";
import { RECORD_WORDS } from "../../../../../src/ingest/queue/dedup/records.ts";
import { printsOf, range } from "../../../../support/prints.ts";

/** Many runs on a machine that is busy with other things. */
const SLOW_MACHINE_MS = 60_000;
const IDS = 3000;
const prints = printsOf(range(0, IDS));

type Act = (table: RecentIds, model: Map<number, number>) => void;

const ids = fc.uniqueArray(fc.integer({ min: 0, max: IDS - 1 }), { maxLength: 1500 });
const ordinal = fc.integer({ min: 0, max: 20 });
const act: fc.Arbitrary<Act> = fc.oneof(
  fc.tuple(ids, ordinal).map(([list, number]): Act => (table, model) => {
    for (const id of list) {
      const isNew = table.add(prints, id, number);
      if (isNew === model.has(id)) expect.unreachable(`add() answered ${isNew}`);
      if (isNew) model.set(id, number);
    }
  }),
  ids.map((list): Act => (table, model) => {
    for (const id of list) {
      table.remove(prints, id);
      model.delete(id);
    }
  }),
  ordinal.map((last): Act => (table, model) => {
    const gone = [...model].filter(([, number]) => number <= last);
    expect(table.recordsUpTo(last).length).toBe(gone.length * RECORD_WORDS);
    expect(table.forgetUpTo(last)).toBe(gone.length);
    for (const [id] of gone) model.delete(id);
  }),
  fc.constant<Act>((table, model) => {
    table.clear();
    model.clear();
  }),
);

describe("RecentIds", () => {
  it(
    "holds what a Map would hold",
    () => {
      fc.assert(
        fc.property(fc.array(act, { size: "max", maxLength: 12 }), (acts) => {
          const table = new RecentIds();
          const model = new Map<number, number>();
          for (const next of acts) next(table, model);

          expect(table.size).toBe(model.size);
          const held = range(0, IDS).map((id) => table.ordinalOf(prints, id));
          expect(held).toEqual(range(0, IDS).map((id) => model.get(id)));
        }),
        { numRuns: 30 },
      );
    },
    SLOW_MACHINE_MS,
  );

  it("takes at most 12 MB for all it can hold", () => {
    const table = new RecentIds();
    const print = new Uint8Array(16);
    const view = new DataView(print.buffer);
    for (let i = 0; i < RECENT_IDS_MAX; i++) {
      view.setUint32(4, Math.imul(i, 0x9e3779b1), true);
      table.add(print, 0, 1);
    }

    expect(table.bytes).toBeLessThanOrEqual(12_000_000);
    expect(() => table.add(new Uint8Array(16).fill(9), 0, 1)).toThrow(RangeError);
  });

  it("gives memory back once it needs less", () => {
    const table = new RecentIds();
    const small = table.bytes;
    for (let id = 0; id < IDS; id++) table.add(prints, id, 1);
    table.forgetUpTo(1);

    table.forgetUpTo(1);

    expect(table.bytes).toBe(small);
  });

  it("keeps the room for what comes next, unless memory is scarce", () => {
    const table = new RecentIds();
    const small = table.bytes;
    const fill = (): void => {
      for (let id = 0; id < IDS; id++) table.add(prints, id, 1);
    };
    fill();
    const full = table.bytes;
    table.forgetUpTo(1);
    const kept = table.bytes;
    fill();
    table.forgetUpTo(1, true);

    expect([kept, table.bytes]).toEqual([full, small]);
  });
});

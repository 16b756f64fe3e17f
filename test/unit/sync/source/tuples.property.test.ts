import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { cellsOf } from "../../../../src/sync/source/postgres/rows.ts";
import { TupleReader } from "../../../../src/sync/source/postgres/tuples.ts";

const HEADER = Uint8Array.from([
  0x50, 0x47, 0x43, 0x4f, 0x50, 0x59, 0x0a, 0xff, 0x0d, 0x0a, 0, 0, 0, 0, 0, 0, 0, 0, 0,
]);

const cell = fc.option(fc.oneof(fc.string(), fc.string({ unit: "grapheme" })), { freq: 4 });
const table = fc
  .integer({ min: 1, max: 6 })
  .chain((width) => fc.array(fc.array(cell, { minLength: width, maxLength: width })));

/** What a server sends of these rows. */
function copyOf(rows: readonly (readonly (string | null)[])[]): Uint8Array {
  const parts: number[] = [...HEADER];
  const add = (number: number, bytes: number): void => {
    for (let at = bytes - 1; at >= 0; at -= 1) parts.push((number >>> (at * 8)) & 0xff);
  };
  for (const row of rows) {
    add(row.length, 2);
    for (const text of row) {
      const bytes = text === null ? undefined : new TextEncoder().encode(text);
      add(bytes?.length ?? -1, 4);
      parts.push(...(bytes ?? []));
    }
  }
  add(-1, 2);
  return Uint8Array.from(parts);
}

describe("TupleReader", () => {
  it("gives the rows that were sent, in whichever pieces they come", () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 });
    fc.assert(
      fc.property(table, sizes, (rows, pieces) => {
        const bytes = copyOf(rows);
        const reader = new TupleReader();
        const read: unknown[] = [];

        for (let at = 0, piece = 0; at < bytes.length; piece += 1) {
          const end = at + (pieces[piece % pieces.length] ?? 1);
          reader.read(bytes.subarray(at, end), (tuple) => read.push(cellsOf(tuple)));
          at = end;
        }

        expect(read).toEqual(rows);
        expect(reader.isEnded).toBe(true);
      }),
    );
  });

  it("keeps a mark at the beginning of a text", () => {
    const read: unknown[] = [];
    new TupleReader().read(copyOf([["\u{feff}a", "b"]]), (tuple) => read.push(cellsOf(tuple)));

    expect(read).toEqual([["\u{feff}a", "b"]]);
  });

  it("does not take a reading that was cut for its end", () => {
    const bytes = copyOf([["a"], ["b"]]);
    const reader = new TupleReader();

    reader.read(bytes.subarray(0, bytes.length - 2), () => undefined);

    expect(reader.isEnded).toBe(false);
  });
});

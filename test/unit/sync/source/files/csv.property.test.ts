import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { CsvReader } from "../../../../../src/sync/source/files/csv.ts";

const cell = fc.oneof(
  fc.constant(null),
  fc.string({ unit: "binary", maxLength: 8 }),
  fc.string({ unit: fc.constantFrom('"', ",", "\n", "\r", "a", "#N/A", ""), maxLength: 6 }),
);
const rows = fc
  .integer({ min: 2, max: 5 })
  .chain((width) => fc.array(fc.array(cell, { minLength: width, maxLength: width })));

/** A cell as another program may write it: in quotes where it has to be, or anyway. */
function written(text: string | null, isQuoted: boolean): string {
  if (text === null) return "#N/A";
  const isNeeded = /["\r\n,]/.test(text) || text === "#N/A";
  return isQuoted || isNeeded ? `"${text.replaceAll('"', '""')}"` : text;
}

describe("CsvReader", () => {
  it("reads what was written, in whichever pieces it comes", () => {
    const pieces = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 });
    fc.assert(
      fc.property(rows, fc.boolean(), pieces, fc.boolean(), (table, isQuoted, sizes, isWindows) => {
        const lineBreak = isWindows ? "\r\n" : "\n";
        const text = table
          .map((row) => row.map((each) => written(each, isQuoted)).join(",") + lineBreak)
          .join("");

        const reader = new CsvReader();
        const read = [];
        for (let at = 0, piece = 0; at < text.length; piece += 1) {
          const size = sizes[piece % sizes.length] ?? 1;
          read.push(...reader.add(text.slice(at, at + size)));
          at += size;
        }
        read.push(...reader.finish());

        expect(read).toEqual(table);
      }),
    );
  });
});

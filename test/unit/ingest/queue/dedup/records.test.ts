import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  findOrdinal,
  partOf,
  printWord,
  RECORD_WORDS,
  sortRecords,
} from "../../../../../src/ingest/queue/dedup/records.ts";

const WORD_MAX = 2 ** 32 - 1;
const word = fc.oneof(
  fc.constantFrom(0, 1, 2 ** 31, WORD_MAX),
  fc.integer({ min: 0, max: WORD_MAX }),
);
const record = fc.tuple(word, word, word, word, fc.integer({ min: 0, max: 9 }));

describe("partOf()", () => {
  it("puts the last fingerprint into the last part", () => {
    expect(partOf(WORD_MAX, 2 ** 20)).toBe(2 ** 20 - 1);
  });

  it("agrees with whole-number arithmetic", () => {
    fc.assert(
      fc.property(word, fc.integer({ min: 1, max: 2 ** 21 - 1 }), (first, parts) => {
        expect(BigInt(partOf(first, parts))).toBe((BigInt(first) * BigInt(parts)) >> 32n);
      }),
    );
  });
});

describe("sortRecords()", () => {
  it("orders by all four words and keeps each fingerprint once, with its lowest ordinal", () => {
    fc.assert(
      fc.property(fc.array(record), (list) => {
        const expected = new Map<string, readonly number[]>();
        for (const item of [...list].sort((a, b) => a[4] - b[4])) {
          const print = item.slice(0, 4).join();
          if (!expected.has(print)) expected.set(print, item);
        }
        const sorted = sortRecords(Uint32Array.from(list.flat()));

        const items = [...expected.values()].sort(byWords);
        expect([...sorted]).toEqual(items.flat());
      }),
    );
  });
});

function byWords(a: readonly number[], b: readonly number[]): number {
  for (let w = 0; w < RECORD_WORDS; w++) {
    const difference = (a[w] ?? 0) - (b[w] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

describe("findOrdinal()", () => {
  it("finds each record and nothing else", () => {
    fc.assert(
      fc.property(fc.array(record), record, (list, other) => {
        const sorted = sortRecords(Uint32Array.from(list.flat()));
        const prints = new Uint8Array(Uint32Array.from(other).buffer).subarray(0, 16);
        const same = list.filter((item) => item.slice(0, 4).join() === other.slice(0, 4).join());

        const lowest = Math.min(...same.map((item) => item[4]));
        expect(findOrdinal(sorted, prints, 0)).toBe(same.length > 0 ? lowest : undefined);
        for (const item of list) {
          const print = new Uint8Array(Uint32Array.from(item).buffer);
          expect(findOrdinal(sorted, print, 0)).toBeDefined();
        }
      }),
    );
  });
});

describe("printWord()", () => {
  it("reads little endian at any alignment", () => {
    const bytes = Uint8Array.from({ length: 40 }, (_, i) => 0xf0 + i);
    const prints = bytes.subarray(3, 35);

    const view = new DataView(prints.buffer, prints.byteOffset);
    expect(printWord(prints, 1, 2)).toBe(view.getUint32(24, true));
  });
});

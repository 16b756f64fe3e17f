import { describe, expect, it } from "vitest";
import {
  buildFilter,
  filterShape,
  filterBytes,
  mayHold,
} from "../../../../../src/ingest/queue/dedup/filter.ts";
import { partOf, printWord, RECORD_WORDS } from "../../../../../src/ingest/queue/dedup/records.ts";
import { printsOf, range } from "../../../../support/prints.ts";

const KNOWN = 20_000;
const OTHERS = 20_000;
const PAGES = 20;

function recordsOf(prints: Uint8Array): Uint32Array {
  const count = prints.length / 16;
  const items = range(0, count).sort((a, b) => printWord(prints, a, 0) - printWord(prints, b, 0));
  const records = new Uint32Array(count * RECORD_WORDS);
  for (const [to, item] of items.entries()) {
    for (let w = 0; w < 4; w++) records[to * RECORD_WORDS + w] = printWord(prints, item, w);
  }
  return records;
}

const known = printsOf(range(0, KNOWN));
const records = recordsOf(known);
const shape = filterShape(KNOWN, PAGES, PAGES);
const whole = buildFilter(shape, records, { first: 0, end: PAGES, pages: PAGES });

describe("the filter of a run", () => {
  it("rules no id of the run out", () => {
    const missed = range(0, KNOWN).filter(
      (i) =>
        !mayHold(
          [whole],
          shape,
          printWord(known, i, 0),
          printWord(known, i, 1),
          printWord(known, i, 2),
        ),
    );

    expect(missed).toEqual([]);
  });

  it("rules at least 995 of 1,000 other ids out in a small run", () => {
    const others = printsOf(range(KNOWN, KNOWN + OTHERS));

    const passed = range(0, OTHERS).filter((i) =>
      mayHold(
        [whole],
        shape,
        printWord(others, i, 0),
        printWord(others, i, 1),
        printWord(others, i, 2),
      ),
    );

    expect(passed.length / OTHERS).toBeLessThan(0.005);
  });

  it("rules no id out when it is built slice by slice", () => {
    const slicePages = 6;
    const sliced = filterShape(KNOWN, PAGES, slicePages);
    const pieces = range(0, Math.ceil(PAGES / slicePages)).map((slice) => {
      const first = slice * slicePages;
      const end = Math.min(first + slicePages, PAGES);
      const own = records.filter((_, at) => {
        const page = partOf(records[at - (at % RECORD_WORDS)] ?? 0, PAGES);
        return page >= first && page < end;
      });
      return buildFilter(sliced, own, { first, end, pages: PAGES });
    });

    const missed = range(0, KNOWN).filter(
      (i) =>
        !mayHold(
          pieces,
          sliced,
          printWord(known, i, 0),
          printWord(known, i, 1),
          printWord(known, i, 2),
        ),
    );
    expect(missed).toEqual([]);
  });
});

describe("filterShape()", () => {
  it("keeps the filters of 108 million ids, a window at the default rate and a quarter, in 32 MB", () => {
    const runs = [
      ...Array(5).fill(19_200_000),
      ...Array(5).fill(3_200_000),
      ...Array(5).fill(200_000),
    ];

    const bytes = runs.map((ids: number) =>
      filterBytes(filterShape(ids, Math.ceil(ids / 1000), 64)),
    );

    expect(bytes.reduce((sum, each) => sum + each, 0)).toBeLessThanOrEqual(32_000_000);
  });
});

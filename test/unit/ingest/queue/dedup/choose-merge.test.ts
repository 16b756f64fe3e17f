import { describe, expect, it } from "vitest";
import { chooseMerge } from "../../../../../src/ingest/queue/dedup/choose-merge.ts";
import type { Run } from "../../../../../src/ingest/queue/dedup/run.ts";

const SPAN_MS_MAX = 1000;
const FAN_IN = 8;

/** Runs of one level, each of `spanMs`, one after another. */
function runs(count: number, spanMs: number, level = 0, firstId = 1): Run[] {
  return Array.from({ length: count }, (_, i) => ({
    id: firstId + i,
    level,
    pages: 1,
    ids: 10,
    firstAtMs: i * spanMs,
    lastAtMs: (i + 1) * spanMs,
  }));
}

function chosen(all: readonly Run[]): readonly number[] | undefined {
  return chooseMerge(all, FAN_IN, SPAN_MS_MAX)?.map((run) => run.id);
}

describe("chooseMerge()", () => {
  it("waits until there are as many as the fan-in", () => {
    expect(chosen(runs(FAN_IN - 1, 10))).toBeUndefined();
  });

  it("takes the oldest of a level, in order", () => {
    expect(chosen(runs(FAN_IN + 3, 10).reverse())).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it("never takes runs that span too much together", () => {
    expect(chosen(runs(5, 600))).toBeUndefined();
  });

  it("takes fewer when the next one would make them span too much", () => {
    expect(chosen(runs(6, 200))).toEqual([1, 2, 3, 4, 5]);
  });

  it("does not mix levels", () => {
    expect(chosen([...runs(7, 10, 0), ...runs(7, 10, 1, 100)])).toBeUndefined();
  });

  it("goes past old runs that cannot be merged any more", () => {
    const lonely = { ...runs(1, 10)[0], id: 50, firstAtMs: -9000, lastAtMs: -8000 } as Run;

    expect(chosen([lonely, ...runs(FAN_IN, 10)])).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it("takes the lowest level first", () => {
    expect(chosen([...runs(8, 10, 1, 100), ...runs(8, 10, 0)])).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });
});

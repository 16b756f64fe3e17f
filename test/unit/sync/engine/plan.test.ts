import { describe, expect, it } from "vitest";

import { bitsFor, isTooMuch, planOf, type PlanFacts } from "../../../../src/sync/engine/plan.ts";

const FACTS: PlanFacts = {
  source: { kind: "sql", facts: { canSum: true, rowsEstimate: 1_000_000 } },
  needs: { updates: true, gone: "forget" },
  accepted: 1_000_000,
  lastChanges: 1_000,
  fullSync: undefined,
  isContractChanged: false,
};

describe("planOf()", () => {
  it("asks for sums where few of many rows changed", () => {
    expect(planOf(FACTS)).toMatchObject({ engine: "checksum", bits: 16 });
  });

  it.each<[string, Partial<PlanFacts>]>([
    ["nothing was accepted yet", { accepted: 0 }],
    ["one row is tried", { isTest: true }],
    ["the run under way reads in order already", { readsInOrder: "So much changed." }],
    ["everything is sent", { fullSync: "somebody asked for it" }],
    [
      "the server cannot sum",
      { source: { kind: "sql", facts: { canSum: false, rowsEstimate: 1 } } },
    ],
    ["the table is small", { accepted: 5_000, source: { kind: "sql" } }],
    ["a tenth of it changed in the last run", { lastChanges: 150_000 }],
    ["only a window is read", { needs: { updates: false, gone: "ignore" } }],
    ["sums would differ everywhere", { isContractChanged: true }],
  ])("reads every row in order when %s", (_, change) => {
    expect(planOf({ ...FACTS, ...change }).engine).toBe("ordered_merge");
  });

  it("joins by ranges what only gives its rows", () => {
    expect(planOf({ ...FACTS, source: { kind: "rows" } }).engine).toBe("partition_join");
  });

  it("takes the server's guess where the table grew since", () => {
    const source = { kind: "sql" as const, facts: { canSum: true, rowsEstimate: 20_000_000 } };

    expect(planOf({ ...FACTS, accepted: 5_000, source }).engine).toBe("checksum");
  });

  it.each<[string, number | undefined, number]>([
    ["nothing is known of the last run", undefined, 1_000],
    ["the last run found a thousandth", 1_000, 1_000],
    ["the last run found a little more", 2_250, 1_500],
    ["the last run found none", 0, 1_000],
    ["the last run found a hundredth", 10_000, 2_000],
    ["the last run found a tenth", 100_000, 2_000],
  ])("expects a thousandth at least, and no more than twice that, when %s", (_, last, wanted) => {
    const plan = planOf({ ...FACTS, lastChanges: last });

    expect(plan.why).toContain(`About ${wanted} changes`);
    expect(plan).toMatchObject({ bits: bitsFor(wanted, 1_000_000) });
  });
});

describe("bitsFor()", () => {
  it.each([
    [1_000, 1_000_000, 16],
    [1, 100, 8],
    [1_000_000, 1_000_000_000, 20],
  ])("gives for %i changes in %i rows buckets of %i bits", (changes, rows, bits) => {
    expect(bitsFor(changes, rows)).toBe(bits);
  });
});

describe("isTooMuch()", () => {
  it.each([
    ["few buckets differ", 3_000, false],
    ["nearly all differ", 32_700, true],
    ["all differ", 32_768, true],
  ])("tells whether %s", (_, length, wanted) => {
    expect(isTooMuch({ length, bits: 15, rowsInAll: 1_000_000 })).toBe(wanted);
  });

  it("never is for few rows", () => {
    expect(isTooMuch({ length: 256, bits: 8, rowsInAll: 10_000 })).toBe(false);
  });
});

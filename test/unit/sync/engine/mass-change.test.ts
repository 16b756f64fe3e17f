import { describe, expect, it } from "vitest";

import { isMassFalseChange } from "../../../../src/sync/engine/mass-change.ts";

const FOUND = {
  isContractChanged: true,
  updates: 6_000,
  accepted: 10_000,
  sourceRows: 10_050,
  percentMax: 50,
};

describe("isMassFalseChange()", () => {
  it("suspects most rows of a table that did not grow, under another contract", () => {
    expect(isMassFalseChange(FOUND)).toBe(true);
  });

  it.each([
    ["the contract is the same", { isContractChanged: false }],
    ["few rows changed", { updates: 4_000 }],
    ["the table grew as well", { sourceRows: 14_000 }],
    ["the table is tiny", { updates: 90, accepted: 100, sourceRows: 100 }],
  ])("does not when %s", (_, change) => {
    expect(isMassFalseChange({ ...FOUND, ...change })).toBe(false);
  });
});

import { describe, expect, it } from "vitest";

import { backoffMs, RETRY_RULE } from "../../../../src/deliver/lane/retry.ts";

describe("backoffMs()", () => {
  it("doubles the ceiling with each failure, up to 15 minutes", () => {
    const halves = [1, 2, 3, 4, 20].map((failures) => backoffMs(failures, RETRY_RULE, 0.5));

    expect(halves).toEqual([1_000, 2_000, 4_000, 8_000, 450_000]);
  });

  it("spreads waits over all below the ceiling: full jitter", () => {
    const waits = [0, 0.25, 0.75].map((random) => backoffMs(3, RETRY_RULE, random));

    expect(waits).toEqual([0, 2_000, 6_000]);
  });
});

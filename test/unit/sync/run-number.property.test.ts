import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { numberOfRun, runOfNumber } from "../../../src/sync/run-number.ts";

describe("numberOfRun()", () => {
  it("is a number that JSON keeps, and from which sync and run come back", () => {
    const syncs = fc.integer({ min: 1, max: 1_000 });
    const runs = fc.integer({ min: 1, max: 9_999_999 });
    fc.assert(
      fc.property(syncs, runs, (sync, run) => {
        const number = numberOfRun(sync, run);

        expect(Number.isSafeInteger(number)).toBe(true);
        expect(runOfNumber(String(number))).toEqual({ sync: String(sync), run });
      }),
    );
  });
});

describe("runOfNumber()", () => {
  it.each(["", "-1", "1e3", "0x10", "run_eu_1", "9".repeat(30)])("knows no sync in %j", (text) => {
    expect(runOfNumber(text)).toEqual({ sync: "0", run: 0 });
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { afterFailure, Breakers, breakerState, CLOSED } from "../../../src/s3/breaker.ts";

const RULE = { failuresToOpen: 3, waitMsMin: 5_000, waitMsMax: 60_000 };

function breakersAt(clock: { nowMs: number }) {
  return new Breakers<"a" | "b">(
    RULE,
    () => clock.nowMs,
    () => 0,
  );
}

describe("Breakers", () => {
  it("stays closed after two failures and opens at the third", () => {
    const breakers = breakersAt({ nowMs: 0 });
    const states = [1, 2, 3].map(() => {
      breakers.failed("a", false, "why");
      return breakers.state("a");
    });

    expect(states).toEqual(["closed", "closed", "open"]);
  });

  it("opens at once for a failure that is reason enough", () => {
    const breakers = breakersAt({ nowMs: 0 });
    breakers.failed("a", true, "why");

    expect(breakers.state("a")).toBe("open");
  });

  it("forgets failures when the location answers", () => {
    const breakers = breakersAt({ nowMs: 0 });
    breakers.failed("a", false, "why");
    breakers.failed("a", false, "why");
    breakers.answered("a");
    breakers.failed("a", false, "why");

    expect(breakers.state("a")).toBe("closed");
  });

  it("says why, until the location answers", () => {
    const breakers = breakersAt({ nowMs: 0 });
    breakers.failed("a", false, "refused with 403 AccessDenied");
    const before = breakers.reason("a");
    breakers.answered("a");

    expect([before, breakers.reason("a")]).toEqual(["refused with 403 AccessDenied", undefined]);
  });

  it("keeps locations apart", () => {
    const breakers = breakersAt({ nowMs: 0 });
    breakers.failed("a", true, "why");

    expect(breakers.state("b")).toBe("closed");
  });

  it("lets a probe through when its wait is over, and opens again for longer when that fails", () => {
    const clock = { nowMs: 0 };
    const breakers = breakersAt(clock);
    breakers.failed("a", true, "why");
    clock.nowMs = 5_000;
    const probe = breakers.state("a");
    breakers.failed("a", false, "why");

    expect([probe, breakers.state("a"), breakers.nextAtMs(["a"])]).toEqual([
      "half-open",
      "open",
      15_000,
    ]);
  });

  it("says when the first of several may be asked again", () => {
    const clock = { nowMs: 0 };
    const breakers = breakersAt(clock);
    breakers.failed("a", true, "why");
    clock.nowMs = 1_000;
    breakers.failed("b", true, "why");

    expect(breakers.nextAtMs(["a", "b"])).toBe(5_000);
  });

  it("does not stay open for the hours by which a clock was set back", () => {
    const clock = { nowMs: 3_600_000 };
    const breakers = breakersAt(clock);
    breakers.failed("a", true, "why");
    clock.nowMs = 0;

    expect(breakers.admits("a")).toBe(true);
  });
});

describe("afterFailure()", () => {
  it("never waits longer than the longest wait, nor less than half of the shortest", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), {
          minLength: 1,
          maxLength: 40,
        }),
        (randoms) => {
          let breaker = CLOSED;
          for (const random of randoms) {
            breaker = afterFailure(breaker, RULE, { nowMs: 0, outright: true, random });
            const waitMs = breaker.openUntilMs ?? 0;
            expect(waitMs).toBeGreaterThanOrEqual(RULE.waitMsMin / 2);
            expect(waitMs).toBeLessThanOrEqual(RULE.waitMsMax);
            expect(breakerState(breaker, RULE, 0)).toBe("open");
          }
        },
      ),
    );
  });
});

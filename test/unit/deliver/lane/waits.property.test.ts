import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { UserOrder } from "../../../../src/deliver/lane/order.ts";
import { Pace } from "../../../../src/deliver/lane/pace.ts";
import { nextAttempt, RETRY_RULE } from "../../../../src/deliver/lane/retry.ts";

const HOUR_MS = 3_600_000;
/** A destination that has always worked. */
const NEVER_DOWN = { stoppedBeforeMs: 0, stoppedMs: 0 };
const randoms = fc.double({ min: 0, max: 0.999, noNaN: true });

describe("nextAttempt()", () => {
  it("is never sooner than asked, and never begins after the time is over", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.nat(5 * HOUR_MS),
        fc.nat(HOUR_MS),
        randoms,
        (attempts, ageMs, retryAfterMs, random) => {
          const nowMs = 10 * HOUR_MS;
          const firstAttemptAtMs = nowMs - ageMs;
          const failed = { ...NEVER_DOWN, attempts, firstAttemptAtMs, nowMs, retryAfterMs };
          const next = nextAttempt(failed, RETRY_RULE, random);

          expect(next.kind).toBe(ageMs >= RETRY_RULE.forMs ? "over" : "again");
          if (next.kind === "again") expect(next.atMs).toBeGreaterThanOrEqual(nowMs + retryAfterMs);
        },
      ),
    );
  });

  it("waits 15 minutes and a second at most of its own", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000 }), randoms, (attempts, random) => {
        const first = { attempts, firstAttemptAtMs: 0, nowMs: 0, retryAfterMs: undefined };
        const next = nextAttempt({ ...NEVER_DOWN, ...first }, RETRY_RULE, random);

        expect(next).toMatchObject({ kind: "again" });
        if (next.kind === "again") expect(next.atMs).toBeLessThanOrEqual(901_000);
      }),
    );
  });
});

describe("nextAttempt() of an event that met an outage", () => {
  const first = { attempts: 9, firstAttemptAtMs: 0, retryAfterMs: undefined, stoppedBeforeMs: 0 };

  it.each([
    ["has the outage forgiven", 24, 24, "again"],
    ["is over four hours beside the outage", 28, 24, "over"],
    ["does not have an outage forgiven that was over before", 4, 0, "over"],
    ["is over a week and four hours later, whatever was down", 172, 172, "over"],
    ["is not over a minute before that", 171.98, 171.98, "again"],
  ])("%s", (_, hours, stoppedHours, kind) => {
    const nowMs = hours * HOUR_MS;
    const failed = { ...first, nowMs, stoppedMs: stoppedHours * HOUR_MS };

    expect(nextAttempt(failed, RETRY_RULE, 0.5).kind).toBe(kind);
  });
});

describe("Pace", () => {
  const failure = { isFailure: true, retryAfterMs: undefined };

  it("pauses after three failures in a row, and not after two", () => {
    const pace = new Pace(() => 0);
    pace.settle(failure, 0);
    pace.settle(failure, 0);
    const before = pace.admits(0);
    pace.settle(failure, 0);

    expect([before, pace.admits(0)]).toEqual([true, false]);
  });

  it("pauses five minutes at most of its own, however often a destination failed", () => {
    const pace = new Pace(() => 0.999);
    let nowMs = 0;
    for (let i = 0; i < 50; i++) {
      pace.settle(failure, nowMs);
      nowMs = Math.max(nowMs, pace.pausedUntilMs);
    }
    pace.settle(failure, nowMs);

    expect(pace.pausedUntilMs - nowMs).toBeLessThanOrEqual(300_000);
  });

  it("goes on at once after a success", () => {
    const pace = new Pace(() => 0);
    for (let i = 0; i < 5; i++) pace.settle(failure, 0);
    pace.settle({ isFailure: false, retryAfterMs: undefined }, 0);

    expect(pace.isProbing).toBe(false);
  });

  it("keeps account of how long the destination was down, from the first failure on", () => {
    const pace = new Pace(() => 0);
    for (const atMs of [1_000, 2_000, 3_000, 60_000]) pace.settle(failure, atMs);
    const during = pace.stoppedMs(70_000);
    pace.settle({ isFailure: false, retryAfterMs: undefined }, 81_000);

    expect([during, pace.stoppedMs(500_000)]).toEqual([69_000, 80_000]);
  });

  it("takes failures that led to no pause for no outage", () => {
    const pace = new Pace(() => 0);
    pace.settle(failure, 1_000);
    pace.settle(failure, 2_000);

    expect(pace.stoppedMs(60_000)).toBe(0);
  });

  it("goes on after a restart as if there had been none", () => {
    const pace = new Pace(() => 0);
    for (const atMs of [1_000, 2_000, 3_000]) pace.settle(failure, atMs);
    const again = new Pace(() => 0, pace.takeChanged());

    const all = [pace, again].map((each) => [
      each.isProbing,
      each.admits(3_400),
      each.stoppedMs(9_000),
    ]);
    expect(all[1]).toEqual(all[0]);
    expect(all[0]).toEqual([true, false, 8_000]);
  });

  it("has nothing to write down while nothing fails", () => {
    const pace = new Pace(() => 0);
    pace.settle({ isFailure: false, retryAfterMs: undefined }, 1_000);

    expect(pace.takeChanged()).toBeUndefined();
  });

  it("asks a destination at once that was changed, and does not forget the outage", () => {
    const pace = new Pace(() => 0);
    for (const atMs of [1_000, 2_000, 3_000]) pace.settle(failure, atMs);
    pace.resume(3_100);

    expect([pace.admits(3_100), pace.stoppedMs(9_000)]).toEqual([true, 2_100]);
  });

  it("is not stopped for good by a clock that was ahead", () => {
    const pace = new Pace(() => 0);
    pace.settle({ isFailure: true, retryAfterMs: 1000 }, 1_000_000 * HOUR_MS);

    expect([pace.admits(0), pace.admits(24 * HOUR_MS)]).toEqual([false, true]);
  });
});

describe("UserOrder", () => {
  it("lets go what nobody is before, and has the rest wait for those before it", () => {
    const order = new UserOrder();
    order.wait("a", 3, 5_000);
    order.wait("a", 6, 9_000);

    expect(order.admit("a", [1, 4, 5, 8], 1_000)).toEqual([undefined, 5_000, 5_000, 9_000]);
  });

  it("lets each of many go that come again, once those before them are through", () => {
    const order = new UserOrder();
    for (const seq of [1, 2, 3]) order.wait("a", seq, 1_000);

    expect(order.admit("a", [1, 2, 3], 1_000)).toEqual([undefined, undefined, undefined]);
  });

  it("never says a time that is over", () => {
    const order = new UserOrder();
    order.wait("a", 1, 1_000);

    expect(order.admit("a", [2], 7_000)).toEqual([7_000]);
  });

  it("remembers those that it had wait, and nobody else's", () => {
    const order = new UserOrder();
    order.wait("a", 1, 1_000);
    order.admit("a", [2], 500);
    order.admit("a", [1], 1_000);

    expect([order.admit("a", [3], 1_000), order.admit("b", [4], 1_000)]).toEqual([
      [1_000],
      [undefined],
    ]);
  });
});

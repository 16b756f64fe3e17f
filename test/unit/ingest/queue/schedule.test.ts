import { describe, expect, it } from "vitest";

import {
  mayArchive,
  nextAlarmAt,
  retryDelayMs,
  type QueueState,
} from "../../../../src/ingest/queue/schedule.ts";
import { sealAt } from "../../../../src/ingest/queue/seal.ts";

const RULE = { afterMs: 60_000, bytes: 64_000_000 };
const NOON = Date.UTC(2026, 10, 22, 12);
const MIDNIGHT = Date.UTC(2026, 10, 23);

function stateOf(changes: Partial<QueueState> = {}): QueueState {
  return {
    waiting: { bytes: 0, oldestAtMs: undefined },
    failures: 0,
    lastFailureAtMs: 0,
    busyUntilMs: 0,
    closedUntilMs: 0,
    mergePending: false,
    rotateAtMs: undefined,
    expiryAtMs: undefined,
    evidenceAtMs: undefined,
    toldFilled: false,
    ...changes,
  };
}

describe("sealAt()", () => {
  it("seals a minute after the oldest event", () => {
    expect(sealAt({ bytes: 1, oldestAtMs: NOON }, RULE)).toBe(NOON + 60_000);
  });

  it("seals at once when enough bytes wait", () => {
    expect(sealAt({ bytes: 64_000_000, oldestAtMs: NOON }, RULE)).toBe(NOON);
  });

  it("does not wait beyond midnight UTC", () => {
    expect(sealAt({ bytes: 1, oldestAtMs: MIDNIGHT - 5_000 }, RULE)).toBe(MIDNIGHT);
  });

  it("has nothing to seal while nothing waits", () => {
    expect(sealAt({ bytes: 0, oldestAtMs: undefined }, RULE)).toBeUndefined();
  });
});

describe("nextAlarmAt()", () => {
  it("sleeps when nothing is left to do", () => {
    expect(nextAlarmAt(stateOf(), RULE, NOON)).toBeUndefined();
  });

  it("wakes when what waits has to be sealed", () => {
    const state = stateOf({ waiting: { bytes: 1, oldestAtMs: NOON } });

    expect(nextAlarmAt(state, RULE, NOON + 1)).toBe(NOON + 60_000);
  });

  it("waits longer after each failure, and at most a minute", () => {
    expect([1, 2, 3, 10].map(retryDelayMs)).toEqual([1_000, 2_000, 4_000, 60_000]);
  });

  it("lets others of its isolate go first, and no longer than asked", () => {
    const state = stateOf({
      waiting: { bytes: 1, oldestAtMs: NOON },
      busyUntilMs: NOON + 60_200,
    });

    expect(mayArchive(state, RULE, NOON + 60_199)).toBe(false);
    expect(mayArchive(state, RULE, NOON + 60_200)).toBe(true);
  });

  it("waits while no location of the source may be asked", () => {
    const state = stateOf({
      waiting: { bytes: 1, oldestAtMs: NOON },
      closedUntilMs: NOON + 90_000,
    });

    expect([mayArchive(state, RULE, NOON + 89_999), nextAlarmAt(state, RULE, NOON)]).toEqual([
      false,
      NOON + 90_000,
    ]);
  });

  it("wakes for the retry, not for the seal time that is long over", () => {
    const state = stateOf({
      waiting: { bytes: 1, oldestAtMs: NOON },
      failures: 3,
      lastFailureAtMs: NOON + 100_000,
    });

    expect(nextAlarmAt(state, RULE, NOON + 100_001)).toBe(NOON + 104_000);
    expect(mayArchive(state, RULE, NOON + 103_999)).toBe(false);
    expect(mayArchive(state, RULE, NOON + 104_000)).toBe(true);
  });

  it("wakes to forget fingerprints when their window ends", () => {
    expect(nextAlarmAt(stateOf({ expiryAtMs: MIDNIGHT }), RULE, NOON)).toBe(MIDNIGHT);
  });

  it("is when evidence has to be written or told", () => {
    expect(nextAlarmAt(stateOf({ evidenceAtMs: MIDNIGHT }), RULE, NOON)).toBe(MIDNIGHT);
  });

  it("wakes to close the open segment when it is old", () => {
    expect(nextAlarmAt(stateOf({ rotateAtMs: MIDNIGHT }), RULE, NOON)).toBe(MIDNIGHT);
  });

  it("wakes after ten idle minutes to say that it is empty", () => {
    expect(nextAlarmAt(stateOf({ toldFilled: true }), RULE, NOON)).toBe(NOON + 600_000);
  });
});

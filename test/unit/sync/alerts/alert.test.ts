import { describe, expect, it } from "vitest";

import { alertMessage, type SyncAlert } from "../../../../src/sync/alerts/alert.ts";
import type { SyncRun } from "../../../../src/sync/run/run.ts";
import { makeRun } from "../../../support/sync/make-run.ts";

const MINUTE_MS = 60_000;
const TOLD = { sendFor: "first_time", recovery: true } as const;

function message(
  alert: SyncAlert,
  run: SyncRun,
  { earlier = [], nowMs = 0 }: { earlier?: readonly SyncRun[]; nowMs?: number } = {},
): string | undefined {
  return alertMessage(alert, { run, earlier, nowMs });
}

describe("an alert of failures", () => {
  const alert: SyncAlert = { type: "failure", ...TOLD };
  const error = { code: "source_gone", message: "" };

  it("names the code", () => {
    expect(message(alert, makeRun({ state: "failed", error }))).toContain("source_gone");
  });

  it("says nothing of a run that somebody canceled", () => {
    const canceled = makeRun({ state: "failed", isCanceled: true, error });

    expect(message(alert, canceled)).toBeUndefined();
  });
});

describe("an alert of invalid records", () => {
  const alert: SyncAlert = { type: "invalid_records", thresholdPercent: 75, ...TOLD };

  it.each([
    [3, 1, true],
    [2, 1, false],
    [0, 0, false],
  ])("of %i invalid and %i valid records is %s", (invalid, inserts, isFiring) => {
    const run = makeRun({ counts: { invalid, inserts } });

    expect(message(alert, run) !== undefined).toBe(isFiring);
  });

  it("with a share of 0 still needs an invalid one", () => {
    const strict = { ...alert, thresholdPercent: 0 };

    expect(message(strict, makeRun({ counts: { inserts: 5 } }))).toBeUndefined();
  });
});

describe("an alert of full syncs", () => {
  it("says why all was sent", () => {
    const run = makeRun({ fullSync: "mapping_changed" });

    expect(message({ type: "full_sync", ...TOLD }, run)).toContain("mapping_changed");
  });
});

describe("an alert of counts", () => {
  const alert: SyncAlert = {
    type: "record_count_deviation",
    counted: "records_updated",
    thresholdPercent: 50,
    runs: 2,
    ...TOLD,
  };
  const runOf = (accepted: number): SyncRun => makeRun({ counts: { accepted } });

  it.each([
    [15, false],
    [16, true],
    [5, false],
    [4, true],
  ])("of %i against an average of 10 is %s", (accepted, isFiring) => {
    // The third is older than the two that count.
    const earlier = [runOf(8), runOf(12), runOf(1_000)];

    expect(message(alert, runOf(accepted), { earlier }) !== undefined).toBe(isFiring);
  });

  it("says nothing while there is no earlier run", () => {
    expect(message(alert, runOf(1_000))).toBeUndefined();
  });
});

describe("an alert of the time a run takes", () => {
  const alert: SyncAlert = { type: "runtime", minutes: 10, from: "actual", ...TOLD };
  const going = makeRun({ state: "working", startedAtMs: 0, endedAtMs: undefined });

  it("fires while the run goes on", () => {
    expect(message(alert, going, { nowMs: 10 * MINUTE_MS })).toBeUndefined();
    expect(message(alert, going, { nowMs: 10 * MINUTE_MS + 1 })).toBeDefined();
  });

  it("counts from when the run was due, if asked to", () => {
    const trigger = { kind: "schedule", detail: undefined, scheduledForMs: -MINUTE_MS } as const;
    const late = { ...going, trigger };

    expect(
      message({ ...alert, from: "scheduled" }, late, { nowMs: 9.5 * MINUTE_MS }),
    ).toBeDefined();
    expect(message(alert, late, { nowMs: 9.5 * MINUTE_MS })).toBeUndefined();
  });
});

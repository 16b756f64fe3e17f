import { describe, expect, it } from "vitest";

import { ALERTS_DEFAULT, type SyncAlert } from "../../../../src/sync/alerts/alert.ts";
import { weighSyncAlerts, type Moment, type OpenAlert } from "../../../../src/sync/alerts/weigh.ts";
import type { SyncRun } from "../../../../src/sync/run/run.ts";
import { makeRun } from "../../../support/sync/make-run.ts";

const failed = (number: number): SyncRun =>
  makeRun({ id: `run_eu_${number}`, number, state: "failed" });
const completed = (number: number): SyncRun => makeRun({ id: `run_eu_${number}`, number });

/** What is told of runs, one after another. */
function told(
  alerts: readonly SyncAlert[],
  moments: readonly (readonly [Moment, SyncRun])[],
): readonly string[] {
  let open: readonly OpenAlert[] = [];
  return moments.map(([moment, run]) => {
    const weighed = weighSyncAlerts(alerts, open, moment, { run, earlier: [], nowMs: run.number });
    ({ open } = weighed);
    return weighed.turns
      .filter(({ isTold }) => isTold)
      .map(({ kind, type }) => `${kind} ${type}`)
      .join();
  });
}

const ended = (...runs: readonly SyncRun[]) => runs.map((run) => ["ended", run] as const);

describe("weighSyncAlerts()", () => {
  it("tells of the first failure and of the recovery by default", () => {
    const runs = [failed(1), failed(2), completed(3), completed(4), failed(5)];

    expect(told(ALERTS_DEFAULT, ended(...runs))).toEqual([
      "raised failure",
      "",
      "resolved failure",
      "",
      "raised failure",
    ]);
  });

  it("tells of each failure, and of no recovery, where that is wanted", () => {
    const alert: SyncAlert = { type: "failure", sendFor: "every_time", recovery: false };

    expect(told([alert], ended(failed(1), failed(2), completed(3)))).toEqual([
      "raised failure",
      "raised failure",
      "",
    ]);
  });

  it("keeps one instance from the beginning of an alert to its end", () => {
    const ground = { earlier: [], nowMs: 1 };
    const first = weighSyncAlerts(ALERTS_DEFAULT, [], "ended", { run: failed(1), ...ground });
    const last = weighSyncAlerts(ALERTS_DEFAULT, first.open, "ended", {
      run: completed(2),
      ...ground,
    });

    expect(last.turns.map(({ instanceId }) => instanceId)).toEqual(
      first.turns.map(({ instanceId }) => instanceId),
    );
  });

  it("ends an alert quietly that nobody wants any more", () => {
    const ground = { earlier: [], nowMs: 1 };
    const first = weighSyncAlerts(ALERTS_DEFAULT, [], "ended", { run: failed(1), ...ground });
    const after = weighSyncAlerts([], first.open, "ended", { run: failed(2), ...ground });

    expect(after.open).toEqual([]);
    expect(after.turns).toMatchObject([{ kind: "resolved", isTold: false }]);
  });

  it("tells of a slow run once, while it goes on, and that it is over with a quick one", () => {
    const alert: SyncAlert = {
      type: "runtime",
      minutes: 1,
      from: "actual",
      sendFor: "every_time",
      recovery: true,
    };
    const slow = makeRun({ number: 120_000, startedAtMs: 0, endedAtMs: undefined });
    const moments = [
      ["running", slow],
      ["running", slow],
      ["ended", { ...slow, endedAtMs: 120_000 }],
      ["ended", completed(120_001)],
    ] as const;

    expect(told([alert], moments)).toEqual(["raised runtime", "", "", "resolved runtime"]);
  });

  it("tells that runs start and end, each time, and of no recovery from that", () => {
    const status = (of: "started" | "completed"): SyncAlert => ({
      type: "status",
      status: of,
      sendFor: "first_time",
      recovery: true,
    });
    const moments = [
      ["started", completed(1)],
      ["ended", completed(1)],
      ["started", completed(2)],
    ] as const;

    expect(told([status("started"), status("completed")], moments)).toEqual([
      "raised status",
      "raised status",
      "raised status",
    ]);
  });
});

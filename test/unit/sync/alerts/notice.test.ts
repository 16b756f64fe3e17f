import { describe, expect, it } from "vitest";

import {
  endEvents,
  noticeOf,
  noticeOfAlert,
  syncNoticeBody,
} from "../../../../src/sync/alerts/notice.ts";
import { numberOfRun } from "../../../../src/sync/run-number.ts";
import { makeRun } from "../../../support/sync/make-run.ts";

const SYNC = { id: "syn_eu_1", number: 7 } as const;
const FAILED = makeRun({ state: "failed", error: { code: "source_gone", message: "It is gone." } });

describe("syncNoticeBody()", () => {
  it("has Census's fields, and ids that its clients know", () => {
    const body = syncNoticeBody(
      noticeOf("sync.started", makeRun(), 0),
      SYNC,
      "ws_eu_1",
      numberOfRun,
    );

    expect(body).toMatchObject({
      event: "sync.started",
      workspace_id: "ws_eu_1",
      sync_id: 7,
      sync_run_id: 70_000_001,
      syncId: "syn_eu_1",
      runId: "run_eu_1",
    });
  });

  it.each([
    [makeRun(), "ok"],
    [FAILED, "emergency"],
  ])("says how a run that is over ended", (run, status) => {
    const notice = noticeOf("sync.completed", run, 0);

    expect(syncNoticeBody(notice, SYNC, "ws_eu_1", numberOfRun)).toMatchObject({ status });
  });

  it("tells what an alert is, by Census's name", () => {
    const alert = {
      kind: "raised",
      type: "failure",
      instanceId: "run_eu_1.alert-0",
      sinceMs: 0,
      isTold: true,
      message: "The run failed: source_gone.",
    } as const;
    const body = syncNoticeBody(noticeOfAlert(alert, FAILED, 0), SYNC, "ws_eu_1", numberOfRun);

    expect(body).toMatchObject({
      event: "sync.alert.raised",
      alert_instance_id: "run_eu_1.alert-0",
      alert_type: "FailureAlertConfiguration",
      message: "The run failed: source_gone.",
    });
  });
});

describe("endEvents()", () => {
  it("tells that a run is over, and how", () => {
    expect([endEvents(makeRun()), endEvents(FAILED)]).toEqual([
      ["sync.completed", "sync.success"],
      ["sync.completed", "sync.failed"],
    ]);
  });
});

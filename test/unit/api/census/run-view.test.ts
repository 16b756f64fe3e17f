import { describe, expect, it } from "vitest";

import { viewCensusRun } from "../../../../src/api/census/run-view.ts";
import { NO_COUNTS, type SyncRun } from "../../../../src/sync/run/run.ts";
import { newSteps } from "../../../../src/sync/run/steps.ts";

const RUN: SyncRun = {
  id: "run_eu_1",
  syncId: "syn_eu_1",
  number: 4,
  kind: "sync",
  trigger: { kind: "schedule", detail: undefined, scheduledForMs: 1_000 },
  state: "completed",
  isCanceled: false,
  fullSync: undefined,
  engine: undefined,
  steps: newSteps(),
  place: "eu",
  counts: {
    ...NO_COUNTS,
    sourceRows: 100,
    inserts: 5,
    updates: 4,
    deletes: 3,
    invalid: 2,
    accepted: 11,
    rejected: 1,
  },
  dryRun: undefined,
  error: undefined,
  createdAtMs: 2_000,
  startedAtMs: 3_000,
  endedAtMs: 4_000,
};

describe("viewCensusRun()", () => {
  it("counts as Census does", () => {
    expect(viewCensusRun({ number: 7 }, RUN)).toMatchObject({
      id: 70_000_004,
      sync_id: 7,
      source_record_count: 100,
      source_record_updates: 9,
      source_record_deletes: 3,
      source_record_invalids: 2,
      records_processed: 12,
      records_updated: 11,
      records_failed: 1,
      records_invalid: 2,
      status: "completed",
      completed_at: "1970-01-01T00:00:04.000Z",
      scheduled_execution_time: "1970-01-01T00:00:01.000Z",
      sync_trigger_reason: { ui_tag: "Schedule" },
    });
  });

  it("tells of a run that was canceled beside its state, and completes it not", () => {
    const error = { code: "canceled", message: "The run was canceled." };
    const canceled: SyncRun = { ...RUN, state: "failed", isCanceled: true, error };

    expect(viewCensusRun({ number: 7 }, canceled)).toMatchObject({
      status: "failed",
      canceled: true,
      completed_at: null,
      error_code: "canceled",
    });
  });
});

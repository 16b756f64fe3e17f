import type { LogRecord, SyncRun } from "../../sync/run/run.ts";
import { numberOfRun } from "../../sync/run-number.ts";
import type { Sync } from "../../sync/sync.ts";
import { isoTime } from "../../workspace/source-view.ts";

/** Census's words for what started a run. */
const UI_TAGS: Readonly<Record<SyncRun["trigger"]["kind"], string>> = {
  manual: "Manual",
  schedule: "Schedule",
  continuous: "Continuous",
  after: "Sync Sequence",
  api: "API",
};

/** A run as Census shows it. */
export function viewCensusRun(sync: Pick<Sync, "number">, run: SyncRun) {
  const { counts, error, trigger } = run;
  const { inserts, updates, deletes, invalid, accepted, rejected } = counts;
  return {
    id: numberOfRun(sync.number, run.number),
    sync_id: sync.number,
    source_record_count: counts.sourceRows,
    source_record_updates: inserts + updates,
    source_record_deletes: deletes,
    source_record_invalids: invalid,
    records_processed: inserts + updates + deletes,
    records_updated: accepted,
    records_failed: rejected,
    records_invalid: invalid,
    created_at: isoTime(run.createdAtMs),
    updated_at: isoTime(updatedAt(run)),
    started_at: timeOf(run.startedAtMs),
    // As at Census, a run that failed was not completed.
    completed_at: run.state === "completed" ? timeOf(run.endedAtMs) : null,
    scheduled_execution_time: timeOf(trigger.scheduledForMs),
    error_code: error?.code ?? null,
    error_message: error?.message ?? null,
    error_detail: error?.message ?? null,
    status: run.state,
    ...(run.state === "working" ? { current_step: "Running sync" } : {}),
    canceled: run.isCanceled,
    full_sync: run.fullSync !== undefined,
    sync_trigger_reason: {
      ui_tag: UI_TAGS[trigger.kind],
      ui_detail: trigger.detail ?? UI_TAGS[trigger.kind],
    },
  };
}

/** A record of a report as Census shows it. */
export function viewCensusRecord(record: LogRecord) {
  return {
    identifier: record.identifier,
    record_payload: record.payload,
    operation: record.operation,
    status: record.status,
    status_message: record.message ?? null,
    batch_started_at: isoTime(record.startedAtMs),
    batch_completed_at: isoTime(record.endedAtMs),
  };
}

function updatedAt({ createdAtMs, startedAtMs, endedAtMs, steps }: SyncRun): number {
  const { identify, unload, load, report } = steps;
  const times = [identify, unload, load, report].flatMap((step) => [
    step.startedAtMs ?? 0,
    step.endedAtMs ?? 0,
  ]);
  return endedAtMs ?? Math.max(createdAtMs, startedAtMs ?? 0, ...times);
}

function timeOf(ms: number | undefined): string | null {
  return ms === undefined ? null : isoTime(ms);
}

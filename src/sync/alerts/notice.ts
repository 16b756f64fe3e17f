import type { SyncRun } from "../run/run.ts";
import type { Sync } from "../sync.ts";
import type { AlertTurn } from "./weigh.ts";

/** What a workspace can be told of its syncs; Census's words. */
export const SYNC_EVENTS = [
  "sync.triggered",
  "sync.started",
  "sync.completed",
  "sync.success",
  "sync.failed",
  "sync.alert.raised",
  "sync.alert.resolved",
] as const;
export type SyncEvent = (typeof SYNC_EVENTS)[number];

/** Something that happened to a run. */
export type SyncNotice = {
  /** The same each time that it is told. */
  readonly id: string;
  readonly event: SyncEvent;
  readonly atMs: number;
  readonly runId: SyncRun["id"];
  readonly runNumber: number;
  readonly error: SyncRun["error"];
  readonly alert: AlertTurn | undefined;
};

/** Where a workspace is told of its syncs. */
export type SyncWebhook = {
  readonly url: string;
  /** Hosts that the workspace declares to be in its region. */
  readonly hosts: readonly string[];
  /** Which events are told; all when absent. */
  readonly events?: readonly SyncEvent[];
};

/** The notice of an event of a run. */
export function noticeOf(event: SyncEvent, run: SyncRun, atMs: number): SyncNotice {
  const { id: runId, number: runNumber, error } = run;
  return { id: `${runId}.${event}`, event, atMs, runId, runNumber, error, alert: undefined };
}

/** The notice of an alert that began, came again or is over. */
export function noticeOfAlert(alert: AlertTurn, run: SyncRun, atMs: number): SyncNotice {
  const event = alert.kind === "raised" ? "sync.alert.raised" : "sync.alert.resolved";
  const notice = noticeOf(event, run, atMs);
  return { ...notice, id: `${run.id}.${event}.${alert.instanceId}`, alert };
}

/** How a run that is over is told: that it is, and how it ended. */
export function endEvents({ state }: SyncRun): readonly SyncEvent[] {
  return ["sync.completed", state === "completed" ? "sync.success" : "sync.failed"];
}

/** What stands in a request: Census's fields, and ours beside them. No value of any row. */
export function syncNoticeBody(
  { id, event, atMs, runId, runNumber, error, alert }: SyncNotice,
  sync: Pick<Sync, "id" | "number">,
  workspaceId: string,
  numberOfRun: (syncNumber: number, runNumber: number) => number,
): Readonly<Record<string, unknown>> {
  return {
    id,
    event,
    workspace_id: workspaceId,
    sync_id: sync.number,
    sync_run_id: numberOfRun(sync.number, runNumber),
    ...(event === "sync.completed" ? { status: error === undefined ? "ok" : "emergency" } : {}),
    ...(event === "sync.failed" ? { error_code: error?.code, error_message: error?.message } : {}),
    ...(alert === undefined
      ? {}
      : {
          alert_instance_id: alert.instanceId,
          alert_type: ALERT_TYPES[alert.type],
          message: alert.message,
          details: { since: new Date(alert.sinceMs).toISOString() },
          followup_url: `/api/v1/syncs/${sync.id}/runs/${runId}`,
        }),
    at: new Date(atMs).toISOString(),
    syncId: sync.id,
    runId,
  };
}

/** Census's names of alerts. */
export const ALERT_TYPES = {
  failure: "FailureAlertConfiguration",
  invalid_records: "InvalidRecordPercentAlertConfiguration",
  full_sync: "FullSyncTriggerAlertConfiguration",
  record_count_deviation: "RecordCountDeviationAlertConfiguration",
  runtime: "RuntimeAlertConfiguration",
  status: "StatusAlertConfiguration",
} as const satisfies Readonly<Record<AlertTurn["type"], string>>;

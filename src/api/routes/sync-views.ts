import { ALERTS_DEFAULT } from "../../sync/alerts/alert.ts";
import type { SyncStanding } from "../../sync/ports.ts";
import type { LogRecord, Step, SyncRun } from "../../sync/run/run.ts";
import type { Sync } from "../../sync/sync.ts";
import { isoTime } from "../../workspace/source-view.ts";

/** A sync as the management API shows it; with how it stands where that was asked. */
export function viewSync(sync: Sync, standing?: SyncStanding) {
  const { version: _version, isPaused, createdAtMs, updatedAtMs, ...rest } = sync;
  const { deletedAtMs: _deletedAtMs, users, syncAll, watermark, unload, ...shown } = rest;
  return {
    ...shown,
    paused: isPaused,
    users: {
      userIdColumn: users.userIdColumn ?? null,
      anonymousIdColumn: users.anonymousIdColumn ?? null,
    },
    unload: unload ?? null,
    syncAll: syncAll ?? null,
    watermark: watermark ?? null,
    alerts: sync.alerts ?? ALERTS_DEFAULT,
    createdAt: isoTime(createdAtMs),
    updatedAt: isoTime(updatedAtMs),
    ...(standing === undefined ? {} : viewStanding(standing)),
  };
}

function viewStanding({ current, last, nextRunAtMs, accepted }: SyncStanding) {
  return {
    status: statusOf(last),
    currentRun: current === undefined ? null : viewRun(current),
    lastRun: last === undefined ? null : viewRun(last),
    nextRunAt: timeOf(nextRunAtMs),
    acceptedRecords: accepted,
  };
}

/** Census's words for how a sync stands. */
function statusOf(last: SyncRun | undefined): "ready" | "up_to_date" | "failing" {
  if (last === undefined) return "ready";
  return last.state === "completed" ? "up_to_date" : "failing";
}

/** A run as the management API shows it. */
export function viewRun(run: SyncRun) {
  const { trigger, fullSync, engine, steps, place, dryRun, error, note, ...rest } = run;
  const { createdAtMs, startedAtMs, endedAtMs, ...shown } = rest;
  return {
    ...shown,
    trigger: {
      kind: trigger.kind,
      detail: trigger.detail ?? null,
      scheduledFor: timeOf(trigger.scheduledForMs),
    },
    fullSync: fullSync ?? null,
    engine: engine ?? null,
    steps: {
      identify: viewStep(steps.identify, place),
      unload: viewStep(steps.unload, place),
      load: viewStep(steps.load, place),
      report: viewStep(steps.report, place),
    },
    dryRun:
      dryRun === undefined
        ? null
        : {
            source: dryRun.source,
            destination: {
              ...dryRun.destination,
              before: dryRun.destination.before ?? null,
              after: dryRun.destination.after ?? null,
            },
          },
    error: error ?? null,
    note: note ?? null,
    createdAt: isoTime(createdAtMs),
    startedAt: timeOf(startedAtMs),
    endedAt: timeOf(endedAtMs),
  };
}

/** A record of a report as the management API shows it. */
export function viewRecord({ message, startedAtMs, endedAtMs, user: _user, ...rest }: LogRecord) {
  return {
    ...rest,
    message: message ?? null,
    startedAt: isoTime(startedAtMs),
    endedAt: isoTime(endedAtMs),
  };
}

function viewStep({ startedAtMs, endedAtMs, ...rest }: Step, place: string) {
  return { ...rest, startedAt: timeOf(startedAtMs), endedAt: timeOf(endedAtMs), place };
}

function timeOf(ms: number | undefined): string | null {
  return ms === undefined ? null : isoTime(ms);
}

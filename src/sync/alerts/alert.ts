import type { SyncRun } from "../run/run.ts";

/** What of a run can be compared with earlier ones; Census's words. */
export const COUNTED_RECORDS = [
  "source_record_count",
  "records_updates",
  "records_deletes",
  "records_invalid",
  "records_processed",
  "records_updated",
  "records_failed",
] as const;
export type CountedRecords = (typeof COUNTED_RECORDS)[number];

/** What somebody wants to be told of a sync. None of it stops a run. */
export type SyncAlert = {
  /** Told when it begins, or after every run that has it. */
  readonly sendFor: "first_time" | "every_time";
  /** Whether it is told that it is over. */
  readonly recovery: boolean;
} & (
  | { readonly type: "failure" }
  /** Of the records that a run looked at, more than that share was invalid. */
  | { readonly type: "invalid_records"; readonly thresholdPercent: number }
  | { readonly type: "full_sync" }
  /** A count is further from the average of earlier runs than that. */
  | {
      readonly type: "record_count_deviation";
      readonly counted: CountedRecords;
      readonly thresholdPercent: number;
      readonly runs: number;
    }
  /** A run takes longer than that, since it began or since it was due. */
  | { readonly type: "runtime"; readonly minutes: number; readonly from: "actual" | "scheduled" }
  | { readonly type: "status"; readonly status: "started" | "completed" }
);

/** Census's defaults: a run that failed, and one of which three quarters were invalid. */
export const ALERTS_DEFAULT: readonly SyncAlert[] = [
  { type: "failure", sendFor: "first_time", recovery: true },
  { type: "invalid_records", thresholdPercent: 75, sendFor: "first_time", recovery: true },
];

/** Alerts of one sync. */
export const SYNC_ALERTS_MAX = 20;

/** Earlier runs that an average can be of. */
export const ALERT_RUNS_MAX = 100;

const MINUTE_MS = 60_000;
const PERCENT_MAX = 100;

/** What is wrong with the numbers of an alert, whoever said them; `undefined` when nothing is. */
export function alertProblem(alert: SyncAlert): string | undefined {
  switch (alert.type) {
    case "invalid_records":
      return isWithin(alert.thresholdPercent, 0, PERCENT_MAX)
        ? undefined
        : `The threshold is a share of 0 to ${PERCENT_MAX} percent.`;
    case "record_count_deviation":
      if (!isWithin(alert.thresholdPercent, 0, Number.MAX_SAFE_INTEGER)) {
        return "The threshold is a number of percent, 0 or more.";
      }
      return Number.isInteger(alert.runs) && isWithin(alert.runs, 1, ALERT_RUNS_MAX)
        ? undefined
        : `The average is of 1 to ${ALERT_RUNS_MAX} runs.`;
    case "runtime":
      return isWithin(alert.minutes, 1, Number.MAX_SAFE_INTEGER)
        ? undefined
        : "The threshold is a minute or longer.";
    case "failure":
    case "full_sync":
    case "status":
      return undefined;
  }
}

function isWithin(value: number, min: number, max: number): boolean {
  return value >= min && value <= max;
}

export type AlertGround = {
  readonly run: SyncRun;
  /** Completed runs before it, newest first. */
  readonly earlier: readonly SyncRun[];
  readonly nowMs: number;
};

/** What an alert says of a run, with numbers only; `undefined` when it says nothing. */
export function alertMessage(alert: SyncAlert, ground: AlertGround): string | undefined {
  const { run } = ground;
  switch (alert.type) {
    case "failure": {
      const hasFailed = run.state === "failed" && !run.isCanceled;
      return hasFailed ? `The run failed: ${run.error?.code ?? "unknown"}.` : undefined;
    }
    case "invalid_records":
      return invalidMessage(run, alert.thresholdPercent);
    case "full_sync":
      return run.fullSync === undefined ? undefined : `All rows were sent: ${run.fullSync}.`;
    case "record_count_deviation":
      return deviationMessage(alert, ground);
    case "runtime":
      return runtimeMessage(alert, ground);
    case "status":
      return alert.status === "started" ? "The run started." : `The run is ${run.state}.`;
  }
}

/** A count of a run by Census's word for it. */
export function countOf({ counts }: SyncRun, counted: CountedRecords): number {
  const { inserts, updates, deletes, invalid, accepted, rejected, sourceRows } = counts;
  const byName: Readonly<Record<CountedRecords, number>> = {
    source_record_count: sourceRows,
    records_updates: inserts + updates,
    records_deletes: deletes,
    records_invalid: invalid,
    records_processed: inserts + updates + deletes,
    records_updated: accepted,
    records_failed: rejected,
  };
  return byName[counted];
}

function invalidMessage(run: SyncRun, thresholdPercent: number): string | undefined {
  const { invalid } = run.counts;
  const all = countOf(run, "records_processed") + invalid;
  if (invalid === 0 || invalid * 100 < thresholdPercent * all) return undefined;
  return `${invalid} of ${all} records were invalid.`;
}

function deviationMessage(
  { counted, thresholdPercent, runs }: Extract<SyncAlert, { type: "record_count_deviation" }>,
  { run, earlier }: AlertGround,
): string | undefined {
  const some = earlier.slice(0, runs);
  if (run.state !== "completed" || some.length === 0) return undefined;
  const average = some.reduce((sum, each) => sum + countOf(each, counted), 0) / some.length;
  const count = countOf(run, counted);
  if (Math.abs(count - average) * 100 <= thresholdPercent * average) return undefined;
  return `${counted} was ${count}; the average of ${some.length} runs before is ${Math.round(average)}.`;
}

function runtimeMessage(
  { minutes, from }: Extract<SyncAlert, { type: "runtime" }>,
  { run, nowMs }: AlertGround,
): string | undefined {
  const scheduledMs = from === "scheduled" ? run.trigger.scheduledForMs : undefined;
  const sinceMs = scheduledMs ?? run.startedAtMs ?? run.createdAtMs;
  const tookMs = (run.endedAtMs ?? nowMs) - sinceMs;
  return tookMs <= minutes * MINUTE_MS
    ? undefined
    : `The run takes longer than ${minutes} minutes.`;
}

import type { RefusalEvidence } from "../egress/evidence.ts";
import type { EdgeCount } from "../region/edge.ts";
import { DUE_MS, type Regulation } from "../regulation/regulation.ts";

/** What objects tell of themselves, and take back; each is about a source, a replay or the like. */
export const RAISED_ALERTS = [
  "archive_conflict",
  "archive_failing",
  "archive_lag",
  "events_refused",
  "replay_failed",
  "retention_failed",
  "sync_count_deviation",
  "sync_failed",
  "sync_full",
  "sync_invalid_records",
  "sync_slow",
] as const;
export type RaisedAlert = (typeof RAISED_ALERTS)[number];

/** Every code there is; docs/operations.md says what each means and what to do. */
export const ALERT_CODES = [
  ...RAISED_ALERTS,
  "audit_head_waiting",
  "delivery_failed",
  "delivery_lag",
  "delivery_not_possible",
  "delivery_paused",
  "egress_refused",
  "outside_region",
  "own_bucket_failing",
  "regulation_overdue",
  "source_silent",
] as const;
export type AlertCode = (typeof ALERT_CODES)[number];

/** Something that is wrong now and that somebody should look at. */
export type Alert = {
  readonly code: AlertCode;
  /** The id of what it is about; absent where it is about the workspace. */
  readonly subject?: string;
  /** Since when, epoch ms; to the hour where only hours are counted. */
  readonly sinceMs: number;
  /** How often since then, or how many of them. */
  readonly count: number;
};

const HOUR_MS = 3_600_000;

/** How far back an alert's beginning is looked for. */
export const ALERT_LOOK_BACK_MS = 7 * 24 * HOUR_MS;

/** The alert of requests that were refused for the place they came in at. */
export function edgeAlert(counts: readonly EdgeCount[], nowMs: number): Alert | undefined {
  const refused = counts.filter(({ outcome }) => outcome === "held" || outcome === "rejected");
  return alertByHour("outside_region", refused, nowMs);
}

/** The alert of requests of our own that the egress guard did not let out. */
export function egressAlert(refusals: readonly RefusalEvidence[], nowMs: number) {
  return alertByHour("egress_refused", refusals, nowMs);
}

/**
 * Open from the first of them until an hour passed without any, and of one piece as long as every
 * hour has some.
 */
function alertByHour(
  code: AlertCode,
  counts: readonly { readonly hourMs: number; readonly count: number }[],
  nowMs: number,
): Alert | undefined {
  const byHour = new Map<number, number>();
  for (const { hourMs, count } of counts) {
    byHour.set(hourMs, (byHour.get(hourMs) ?? 0) + count);
  }
  const thisHourMs = nowMs - (nowMs % HOUR_MS);
  let sinceMs = byHour.has(thisHourMs) ? thisHourMs : thisHourMs - HOUR_MS;
  if (!byHour.has(sinceMs)) return undefined;
  let count = byHour.get(sinceMs) ?? 0;
  while (byHour.has(sinceMs - HOUR_MS)) {
    sinceMs -= HOUR_MS;
    count += byHour.get(sinceMs) ?? 0;
  }
  return { code, sinceMs, count };
}

/** Until a head of the audit chain that no bucket has is worth an alert: retries come first. */
const HEAD_LATE_MS = HOUR_MS;

/** The alert of heads that wait for their file, by when they were signed, oldest first. */
export function headAlert(signedAtMs: readonly number[], nowMs: number): Alert | undefined {
  const [sinceMs] = signedAtMs;
  const isLate = sinceMs !== undefined && nowMs - sinceMs >= HEAD_LATE_MS;
  return isLate ? { code: "audit_head_waiting", sinceMs, count: signedAtMs.length } : undefined;
}

/** The alert of requests about users that are not over although they are due. */
export function regulationAlert(
  open: readonly Pick<Regulation, "createdAtMs">[],
  nowMs: number,
): Alert | undefined {
  const due = open.map(({ createdAtMs }) => createdAtMs + DUE_MS).filter((atMs) => atMs <= nowMs);
  if (due.length === 0) return undefined;
  return { code: "regulation_overdue", sinceMs: Math.min(...due), count: due.length };
}

/** A source that sent events and then none for this long counts as silent. */
export const SILENT_MS = 24 * HOUR_MS;

/** The alert of a source whose queues have all been empty since `emptySinceMs`. */
export function silenceAlert(
  sourceId: string,
  emptySinceMs: number,
  nowMs: number,
): Alert | undefined {
  if (nowMs - emptySinceMs < SILENT_MS) return undefined;
  return { code: "source_silent", subject: sourceId, sinceMs: emptySinceMs, count: 1 };
}

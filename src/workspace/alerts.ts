import type { EdgeCount } from "../region/edge.ts";
import { DUE_MS, type Regulation } from "../regulation/regulation.ts";

/** Something that is wrong now and that somebody should look at. */
export type Alert = {
  /** What is wrong, for example `outside_region`; docs/operations.md lists all. */
  readonly code: string;
  /** Since when, epoch ms; to the hour where only hours are counted. */
  readonly sinceMs: number;
  /** How often since then. */
  readonly count: number;
};

const HOUR_MS = 3_600_000;

/** How far back an alert's beginning is looked for. */
export const ALERT_LOOK_BACK_MS = 7 * 24 * HOUR_MS;

/**
 * The alert of requests that were refused for the place they came in at: open from the first of them
 * until an hour passed without any, and of one piece as long as every hour has some.
 */
export function edgeAlert(counts: readonly EdgeCount[], nowMs: number): Alert | undefined {
  const byHour = new Map<number, number>();
  for (const { outcome, hourMs, count } of counts) {
    if (outcome === "held" || outcome === "rejected") {
      byHour.set(hourMs, (byHour.get(hourMs) ?? 0) + count);
    }
  }
  const thisHourMs = nowMs - (nowMs % HOUR_MS);
  let sinceMs = byHour.has(thisHourMs) ? thisHourMs : thisHourMs - HOUR_MS;
  if (!byHour.has(sinceMs)) return undefined;
  let count = byHour.get(sinceMs) ?? 0;
  while (byHour.has(sinceMs - HOUR_MS)) {
    sinceMs -= HOUR_MS;
    count += byHour.get(sinceMs) ?? 0;
  }
  return { code: "outside_region", sinceMs, count };
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

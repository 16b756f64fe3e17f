import type { DestinationId, SourceId } from "../core/ids.ts";
import type { DeliveryStep } from "../deliver/lane/counts.ts";
import type { Alert } from "./alerts.ts";

/** How fine a series of counts is, and how far back it can be had; Segment's windows. */
export const GRANULARITIES = {
  minute: { stepMs: 60_000, spanMsMax: 4 * 3_600_000, keptMs: 48 * 3_600_000 },
  hour: { stepMs: 3_600_000, spanMsMax: 14 * 86_400_000, keptMs: 30 * 86_400_000 },
  day: { stepMs: 86_400_000, spanMsMax: 30 * 86_400_000, keptMs: 30 * 86_400_000 },
} as const;
export type Granularity = keyof typeof GRANULARITIES;

/** Which counts are asked for; times are epoch ms, the end is not part of it. */
export type MetricsQuery = {
  readonly granularity: Granularity;
  readonly fromMs: number;
  readonly toMs: number;
  readonly sourceId?: string;
  readonly destinationId?: string;
};

/** Counts of one destination, step and code, by time. */
export type MetricsRow = {
  readonly destinationId: DestinationId;
  readonly sourceId: SourceId;
  readonly step: DeliveryStep;
  readonly code: string;
  readonly atMs: number;
  readonly count: number;
  readonly retryCount: number;
  readonly latency: Readonly<Record<string, number>>;
};

/** How the lanes of one destination stand, all together. */
export type DestinationStanding = {
  readonly destinationId: DestinationId;
  readonly lanes: number;
  readonly waitingEvents: number;
  readonly waitingBytes: number;
  readonly pausedUntilMs: number | undefined;
  readonly deadLetters: number;
  readonly alerts: readonly string[];
};

/** The range as it is answered: to whole steps, and no longer than the granularity allows. */
export function fitRange(query: MetricsQuery): MetricsQuery {
  const { stepMs, spanMsMax } = GRANULARITIES[query.granularity];
  const fromMs = query.fromMs - (query.fromMs % stepMs);
  return { ...query, fromMs, toMs: Math.min(query.toMs, fromMs + spanMsMax) };
}

/** A destination of which nothing was delivered for this long counts as failing. */
export const FAILING_MS = 3_600_000;

/**
 * Alerts of delivery: a destination that cannot be delivered to, one that gives events up, and one
 * whose lanes wait for it.
 */
export function deliveryAlerts(
  rows: readonly MetricsRow[],
  standings: readonly DestinationStanding[],
  nowMs: number,
): readonly Alert[] {
  const recent = rows.filter(({ atMs }) => atMs >= nowMs - FAILING_MS);
  const failed = recent.filter(({ step }) => step === "failed-delivery");
  const paused = standings.filter(({ pausedUntilMs }) => (pausedUntilMs ?? 0) > nowMs);
  const broken = standings.filter(({ alerts }) => alerts.length > 0);
  return [
    ...alertOf(
      "delivery_failed",
      failed.map(({ atMs }) => atMs),
      sum(failed),
      nowMs,
    ),
    ...alertOf(
      "delivery_paused",
      recent.filter(({ step }) => step === "pending-retry").map(({ atMs }) => atMs),
      paused.length,
      nowMs,
    ),
    ...alertOf("delivery_not_possible", [], broken.length, nowMs),
  ];
}

function alertOf(
  code: string,
  times: readonly number[],
  count: number,
  nowMs: number,
): readonly Alert[] {
  if (count === 0) return [];
  return [{ code, sinceMs: times.length === 0 ? nowMs : Math.min(...times), count }];
}

function sum(rows: readonly MetricsRow[]): number {
  return rows.reduce((total, { count }) => total + count, 0);
}

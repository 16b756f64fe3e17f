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
  /** Since when one of its lanes has not come to the end of its log, once that is long ago. */
  readonly behindSinceMs: number | undefined;
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
 * Alerts of delivery, for each destination: that it cannot be delivered to, that events were given
 * up, that its lanes wait for it, and that they are behind.
 */
export function deliveryAlerts(
  rows: readonly MetricsRow[],
  standings: readonly DestinationStanding[],
  nowMs: number,
): readonly Alert[] {
  const recent = rows.filter(({ atMs }) => atMs >= nowMs - FAILING_MS);
  const failed = recent.filter(({ step }) => step === "failed-delivery");
  const retried = recent.filter(({ step }) => step === "pending-retry");
  return [
    ...[...byDestination(failed)].map(([subject, of]): Alert => ({
      code: "delivery_failed",
      subject,
      sinceMs: firstOf(of, nowMs),
      count: of.reduce((total, { count }) => total + count, 0),
    })),
    ...standings.flatMap(({ destinationId: subject, ...standing }): readonly Alert[] => {
      const { pausedUntilMs = 0, alerts, behindSinceMs } = standing;
      const tried = retried.filter(({ destinationId }) => destinationId === subject);
      return [
        ...(pausedUntilMs > nowMs
          ? [
              {
                code: "delivery_paused",
                subject,
                sinceMs: firstOf(tried, nowMs),
                count: 1,
              } as const,
            ]
          : []),
        ...(behindSinceMs === undefined
          ? []
          : [{ code: "delivery_lag", subject, sinceMs: behindSinceMs, count: 1 } as const]),
        ...(alerts.length === 0
          ? []
          : [
              {
                code: "delivery_not_possible",
                subject,
                sinceMs: nowMs,
                count: alerts.length,
              } as const,
            ]),
      ];
    }),
  ];
}

function byDestination(rows: readonly MetricsRow[]): ReadonlyMap<DestinationId, MetricsRow[]> {
  const found = new Map<DestinationId, MetricsRow[]>();
  for (const row of rows) {
    const held = found.get(row.destinationId);
    if (held === undefined) found.set(row.destinationId, [row]);
    else held.push(row);
  }
  return found;
}

function firstOf(rows: readonly MetricsRow[], nowMs: number): number {
  return Math.min(nowMs, ...rows.map(({ atMs }) => atMs));
}

import { describe, expect, it } from "vitest";

import {
  deliveryAlerts,
  type DestinationStanding,
  type MetricsRow,
} from "../../../src/workspace/delivery-metrics.ts";

const NOW_MS = Date.parse("2026-11-22T12:00:00Z");
const MINUTE_MS = 60_000;

function row(step: MetricsRow["step"], changes: Partial<MetricsRow> = {}): MetricsRow {
  return {
    destinationId: "dst_eu_a",
    sourceId: "src_eu_a",
    step,
    code: "400",
    atMs: NOW_MS - MINUTE_MS,
    count: 2,
    retryCount: 0,
    latency: {},
    ...changes,
  };
}

function standing(changes: Partial<DestinationStanding> = {}): DestinationStanding {
  return {
    destinationId: "dst_eu_a",
    lanes: 1,
    waitingEvents: 0,
    waitingBytes: 0,
    pausedUntilMs: undefined,
    deadLetters: 0,
    alerts: [],
    behindSinceMs: undefined,
    ...changes,
  };
}

describe("deliveryAlerts()", () => {
  it("finds nothing wrong with what is delivered", () => {
    expect(deliveryAlerts([row("successful-delivery")], [standing()], NOW_MS)).toEqual([]);
  });

  it("counts what was given up, for each destination", () => {
    const rows = [
      row("failed-delivery"),
      row("failed-delivery", { code: "500", atMs: NOW_MS - 2 * MINUTE_MS }),
      row("failed-delivery", { destinationId: "dst_eu_b" }),
    ];

    expect(deliveryAlerts(rows, [], NOW_MS)).toEqual([
      {
        code: "delivery_failed",
        subject: "dst_eu_a",
        sinceMs: NOW_MS - 2 * MINUTE_MS,
        count: 4,
      },
      { code: "delivery_failed", subject: "dst_eu_b", sinceMs: NOW_MS - MINUTE_MS, count: 2 },
    ]);
  });

  it("says since when the lanes of a destination wait for it", () => {
    const rows = [row("pending-retry"), row("pending-retry", { destinationId: "dst_eu_b" })];
    const paused = standing({ pausedUntilMs: NOW_MS + 1 });

    expect(deliveryAlerts(rows, [paused], NOW_MS)).toEqual([
      { code: "delivery_paused", subject: "dst_eu_a", sinceMs: NOW_MS - MINUTE_MS, count: 1 },
    ]);
  });

  it("says since when the lanes of a destination are behind", () => {
    expect(deliveryAlerts([], [standing({ behindSinceMs: 5 })], NOW_MS)).toEqual([
      { code: "delivery_lag", subject: "dst_eu_a", sinceMs: 5, count: 1 },
    ]);
  });

  it("names a destination that cannot be made", () => {
    expect(deliveryAlerts([], [standing({ alerts: ["invalid_settings"] })], NOW_MS)).toMatchObject([
      { code: "delivery_not_possible", subject: "dst_eu_a" },
    ]);
  });
});

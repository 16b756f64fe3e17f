import { describe, expect, it } from "vitest";

import type { EdgeCount } from "../../../src/region/edge.ts";
import {
  edgeAlert,
  egressAlert,
  regulationAlert,
  silenceAlert,
  SILENT_MS,
} from "../../../src/workspace/alerts.ts";

const HOUR_MS = 3_600_000;
const NOON_MS = Date.parse("2026-11-22T12:00:00.000Z");
const NOW_MS = NOON_MS + 10 * 60_000;

/** Refused requests of the hour that began so many hours before noon. */
function refused(hoursBefore: number, count = 1, colo = "IAD"): EdgeCount {
  return { colo, outcome: "held", hourMs: NOON_MS - hoursBefore * HOUR_MS, count };
}

describe("edgeAlert()", () => {
  it("is open while this hour has refused requests, and counts all places", () => {
    expect(edgeAlert([refused(0, 2), refused(0, 3, "SIN")], NOW_MS)).toEqual({
      code: "outside_region",
      sinceMs: NOON_MS,
      count: 5,
    });
  });

  it("counts what was rejected as well", () => {
    const rejected: EdgeCount = { ...refused(0, 4), outcome: "rejected" };

    expect(edgeAlert([rejected], NOW_MS)?.count).toBe(4);
  });

  it("begins with the first of the hours that follow each other", () => {
    expect(edgeAlert([refused(0), refused(1), refused(2), refused(4)], NOW_MS)).toMatchObject({
      sinceMs: NOON_MS - 2 * HOUR_MS,
      count: 3,
    });
  });

  it("stays open for the hour after the last one", () => {
    expect(edgeAlert([refused(1)], NOW_MS)?.sinceMs).toBe(NOON_MS - HOUR_MS);
  });

  it("is closed after an hour without any", () => {
    expect(edgeAlert([refused(2)], NOW_MS)).toBeUndefined();
  });

  it.each(["accepted", "transit"] as const)("is not raised by what was %s", (outcome) => {
    expect(edgeAlert([{ ...refused(0), outcome }], NOW_MS)).toBeUndefined();
  });
});

describe("regulationAlert()", () => {
  const DAY_MS = 24 * HOUR_MS;

  it("is open from 30 days after the oldest request on", () => {
    const open = [{ createdAtMs: NOW_MS - 31 * DAY_MS }, { createdAtMs: NOW_MS - 30 * DAY_MS }];

    expect(regulationAlert(open, NOW_MS)).toEqual({
      code: "regulation_overdue",
      sinceMs: NOW_MS - DAY_MS,
      count: 2,
    });
  });

  it("is not open before", () => {
    const open = [{ createdAtMs: NOW_MS - 30 * DAY_MS + 1 }];

    expect(regulationAlert(open, NOW_MS)).toBeUndefined();
  });
});

describe("egressAlert()", () => {
  it("counts requests of this hour that were not let out", () => {
    const refusal = {
      host: "example.com",
      purpose: "delivery:webhook",
      reason: "host-not-allowed",
      hourMs: NOON_MS,
      count: 2,
    };

    expect(egressAlert([refusal], NOW_MS)).toEqual({
      code: "egress_refused",
      sinceMs: NOON_MS,
      count: 2,
    });
  });
});

describe("silenceAlert()", () => {
  it.each([
    [SILENT_MS - 1, undefined],
    [
      SILENT_MS,
      { code: "source_silent", subject: "src_eu_a", sinceMs: NOW_MS - SILENT_MS, count: 1 },
    ],
  ])("after %i ms without an event is %j", (ms, expected) => {
    expect(silenceAlert("src_eu_a", NOW_MS - ms, NOW_MS)).toEqual(expected);
  });
});

import { describe, expect, it } from "vitest";

import type { SyncAlert } from "../../../src/sync/alerts/alert.ts";
import { createSync, type SyncDraft } from "../../../src/sync/draft.ts";

const OWN = "eu_aaaaaaaaaaaaaaaa";
const DRAFT: SyncDraft = {
  label: "People",
  source: { connectionId: `con_${OWN}aaaaaaaaaa`, model: { kind: "query", sql: "SELECT 1 AS id" } },
  destination: { destinationId: `dst_${OWN}bbbbbbbbbb`, object: "user" },
  behaviour: "upsert",
  key: ["id"],
  mappings: [
    {
      to: "id",
      from: { type: "column", column: "id" },
      isIdentifier: true,
      preserveValues: false,
      syncNullValues: true,
    },
  ],
};
const TOLD = { sendFor: "first_time", recovery: true } as const;
const DEVIATION = { type: "record_count_deviation", counted: "records_failed", ...TOLD } as const;

/** The fields that are wrong in a sync with that alert. */
function wrongWith(alert: SyncAlert): readonly string[] {
  const ids = { id: `syn_${OWN}cccccccccc`, number: 1, nowMs: 0 } as const;
  const made = createSync({ ...DRAFT, alerts: [alert] }, ids);
  return made.ok ? [] : made.error.map(({ path }) => path);
}

describe("createSync()", () => {
  it.each<SyncAlert>([
    { type: "invalid_records", thresholdPercent: 100, ...TOLD },
    { ...DEVIATION, thresholdPercent: 900, runs: 100 },
    { type: "runtime", minutes: 1, from: "actual", ...TOLD },
  ])("takes the alert %j", (alert) => {
    expect(wrongWith(alert)).toEqual([]);
  });

  it.each<SyncAlert>([
    { type: "invalid_records", thresholdPercent: -1, ...TOLD },
    { type: "invalid_records", thresholdPercent: 900, ...TOLD },
    { ...DEVIATION, thresholdPercent: -1, runs: 10 },
    { ...DEVIATION, thresholdPercent: 50, runs: 101 },
    { type: "runtime", minutes: 0, from: "actual", ...TOLD },
  ])("refuses the alert %j", (alert) => {
    expect(wrongWith(alert)).toEqual(["alerts.0"]);
  });
});

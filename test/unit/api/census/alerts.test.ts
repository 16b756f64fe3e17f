import { parse } from "valibot";
import { describe, expect, it } from "vitest";

import { alertOfCensus, censusAlert, viewCensusAlerts } from "../../../../src/api/census/alerts.ts";

const TOLD = { send_for: "every_time", should_send_recovery: false } as const;

describe("Census's alerts", () => {
  it.each([
    { type: "FailureAlertConfiguration", options: {} },
    { type: "InvalidRecordPercentAlertConfiguration", options: { threshold: 50 } },
    { type: "FullSyncTriggerAlertConfiguration", options: {} },
    {
      type: "RecordCountDeviationAlertConfiguration",
      options: { threshold: 30, record_type: "records_updated" },
    },
    {
      type: "RuntimeAlertConfiguration",
      options: { threshold: 90, unit: "minutes", start_type: "scheduled" },
    },
    { type: "StatusAlertConfiguration", options: { status_name: "completed" } },
  ])("come back as they were said: $type", (said) => {
    const alert = alertOfCensus(parse(censusAlert, { ...said, ...TOLD }));

    expect(viewCensusAlerts({ alerts: alert.ok ? [alert.value] : [] })).toEqual([
      { id: 1, ...said, ...TOLD },
    ]);
  });

  it("take hours for what they are", () => {
    const options = { threshold: 2, unit: "hours" };
    const said = { type: "RuntimeAlertConfiguration", options };

    expect(alertOfCensus(parse(censusAlert, said))).toMatchObject({ value: { minutes: 120 } });
  });

  it("are told once and with their end unless somebody says otherwise", () => {
    const said = parse(censusAlert, { type: "FailureAlertConfiguration" });

    expect(alertOfCensus(said)).toMatchObject({ value: { sendFor: "first_time", recovery: true } });
  });

  it.each([
    { type: "Other" },
    { type: "StatusAlertConfiguration", options: { status_name: "late" } },
    { type: "RecordCountDeviationAlertConfiguration", options: { threshold: 1 } },
  ])("are refused when they mean nothing: $type", (said) => {
    expect(alertOfCensus(parse(censusAlert, said)).ok).toBe(false);
  });
});

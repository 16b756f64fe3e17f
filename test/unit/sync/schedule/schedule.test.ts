import { describe, expect, it } from "vitest";

import { nextRun, scheduleProblem } from "../../../../src/sync/schedule/schedule.ts";

const MINUTE_MS = 60_000;
const at = (text: string): number => Date.parse(text);
const cron = (expression: string) => ({ kind: "cron", expression }) as const;

describe("nextRun()", () => {
  it.each([
    ["a list", "0,30 4 * * *", "2026-11-22T04:00:00Z", "2026-11-22T04:30:00Z"],
    ["a range of weekdays", "15 6 * * 1-5", "2026-11-20T07:00:00Z", "2026-11-23T06:15:00Z"],
    ["a step", "*/20 * * * *", "2026-11-22T23:45:00Z", "2026-11-23T00:00:00Z"],
    ["a day of the month", "0 0 1 * *", "2026-11-22T00:00:00Z", "2026-12-01T00:00:00Z"],
    ["the names of weekdays", "0 9 * * MON", "2026-11-22T00:00:00Z", "2026-11-23T09:00:00Z"],
    ["Sunday as 7", "0 9 * * 7", "2026-11-23T00:00:00Z", "2026-11-29T09:00:00Z"],
  ])("reads %s in UTC", (_name, expression, from, next) => {
    expect(nextRun(cron(expression), at(from), undefined)).toBe(at(next));
  });

  it("does not know summer time", () => {
    // Clocks in Europe go back an hour at 01:00 UTC of this day.
    const from = at("2026-10-25T00:59:00Z");

    expect(nextRun(cron("30 * * * *"), from, undefined)).toBe(at("2026-10-25T01:30:00Z"));
  });

  it("is strictly after the last run began, so that no minute runs twice", () => {
    const began = at("2026-11-22T04:00:00Z");

    expect(nextRun(cron("0 4 * * *"), began, began)).toBe(at("2026-11-23T04:00:00Z"));
  });

  it("counts an interval from when the last run began, also when that was late", () => {
    const late = at("2026-11-22T04:07:31Z");
    const interval = { kind: "interval", minutes: 15 } as const;

    expect(nextRun(interval, late, late)).toBe(late + 15 * MINUTE_MS);
  });

  it("begins an interval at once when nothing ever ran", () => {
    expect(nextRun({ kind: "interval", minutes: 15 }, 5, undefined)).toBe(5);
  });

  it("looks once a minute where it is continuous", () => {
    expect(nextRun({ kind: "continuous" }, 0, 0)).toBe(MINUTE_MS);
  });

  it.each([{ kind: "manual" }, { kind: "after", syncId: "syn_eu_1" }] as const)(
    "has no time for %j",
    (schedule) => {
      expect(nextRun(schedule, 0, 0)).toBeUndefined();
    },
  );
});

describe("scheduleProblem()", () => {
  it.each([
    { kind: "cron", expression: "* * * *" },
    { kind: "cron", expression: "* * * * * *" },
    { kind: "cron", expression: "61 * * * *" },
    { kind: "cron", expression: "0 0 31 2 *" },
    { kind: "cron", expression: "@daily" },
    { kind: "interval", minutes: 0 },
    { kind: "interval", minutes: 1.5 },
    { kind: "interval", minutes: 100_000 },
  ] as const)("refuses %j", (schedule) => {
    expect(scheduleProblem(schedule)).toBeDefined();
  });

  it.each([cron("0 2,14 * * 1-5"), { kind: "interval", minutes: 1 }, { kind: "manual" }] as const)(
    "takes %j",
    (schedule) => {
      expect(scheduleProblem(schedule)).toBeUndefined();
    },
  );
});

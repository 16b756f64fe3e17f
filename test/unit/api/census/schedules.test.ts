import { describe, expect, it } from "vitest";

import { censusSchedule, scheduleOfCensus } from "../../../../src/api/census/schedules.ts";

const NOTHING = { day: null, hour: null, minute: null, cron_expression: null };

describe("Census's schedules", () => {
  it.each([
    { frequency: "never", ...NOTHING },
    { frequency: "continuous", ...NOTHING },
    { frequency: "quarter_hourly", ...NOTHING },
    { frequency: "hourly", ...NOTHING, minute: 20 },
    { frequency: "daily", ...NOTHING, minute: 20, hour: 4 },
    { frequency: "weekly", ...NOTHING, minute: 20, hour: 4, day: "Wednesday" },
    { frequency: "expression", ...NOTHING, cron_expression: "0 2,14 * * 1-5" },
  ] as const)("come back as they were said: %j", (said) => {
    expect(censusSchedule(scheduleOfCensus(said) as never)).toEqual(said);
  });

  it("take hour 24 for midnight", () => {
    const said = { frequency: "daily", hour: 24, minute: 5 } as const;

    expect(scheduleOfCensus(said)).toEqual({ kind: "cron", expression: "5 0 * * *" });
  });

  it("show an interval that divides the hour as an expression", () => {
    expect(censusSchedule({ kind: "interval", minutes: 20 })).toMatchObject({
      frequency: "expression",
      cron_expression: "*/20 * * * *",
    });
  });
});

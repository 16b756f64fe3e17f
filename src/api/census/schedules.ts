import type { GivenSchedule } from "../../sync/draft.ts";
import type { Schedule } from "../../sync/sync.ts";

export const FREQUENCIES = [
  "never",
  "continuous",
  "quarter_hourly",
  "hourly",
  "daily",
  "weekly",
  "expression",
] as const;
export type Frequency = (typeof FREQUENCIES)[number];

/** In the order of cron's weekdays. */
export const DAYS = [
  "Sunday",
  "Monday",
  "Tuesday",
  "Wednesday",
  "Thursday",
  "Friday",
  "Saturday",
] as const;

/** A schedule in Census's words. */
export type CensusSchedule = {
  readonly frequency: Frequency;
  readonly day: (typeof DAYS)[number] | null;
  readonly hour: number | null;
  readonly minute: number | null;
  readonly cron_expression: string | null;
};

const NOTHING = { day: null, hour: null, minute: null, cron_expression: null } as const;
const QUARTER_MINUTES = 15;
const HOUR_MINUTES = 60;
const DAY_HOURS = 24;

/** The schedule in Census's words. What follows another sync is told beside it. */
export function censusSchedule(schedule: Schedule): CensusSchedule {
  switch (schedule.kind) {
    case "manual":
    case "after":
      return { frequency: "never", ...NOTHING };
    case "continuous":
      return { frequency: "continuous", ...NOTHING };
    case "interval":
      return ofInterval(schedule.minutes);
    case "cron":
      return ofCron(schedule.expression);
  }
}

type GivenFrequency = {
  readonly frequency: Frequency;
  readonly day?: (typeof DAYS)[number] | null | undefined;
  readonly hour?: number | null | undefined;
  readonly minute?: number | null | undefined;
  readonly cron_expression?: string | null | undefined;
};

/** The schedule that Census's words mean; times are UTC, and hour 24 is midnight. */
export function scheduleOfCensus(given: GivenFrequency): GivenSchedule {
  const minute = given.minute ?? 0;
  const hour = (given.hour ?? 0) % DAY_HOURS;
  switch (given.frequency) {
    case "never":
      return { kind: "manual" };
    case "continuous":
      return { kind: "continuous" };
    case "quarter_hourly":
      return { kind: "interval", minutes: QUARTER_MINUTES };
    case "hourly":
      return { kind: "cron", expression: `${minute} * * * *` };
    case "daily":
      return { kind: "cron", expression: `${minute} ${hour} * * *` };
    case "weekly": {
      const day = DAYS.indexOf(given.day ?? "Sunday");
      return { kind: "cron", expression: `${minute} ${hour} * * ${day}` };
    }
    case "expression":
      return { kind: "cron", expression: given.cron_expression ?? "" };
  }
}

function ofInterval(minutes: number): CensusSchedule {
  if (minutes === QUARTER_MINUTES) return { frequency: "quarter_hourly", ...NOTHING };
  // An interval counts from the last run, which a cron expression only says where it divides the hour.
  const expression = HOUR_MINUTES % minutes === 0 ? `*/${minutes} * * * *` : null;
  return { frequency: "expression", ...NOTHING, cron_expression: expression };
}

function ofCron(expression: string): CensusSchedule {
  const plain = /^(\d{1,2}) (\d{1,2}|\*) \* \* ([0-6]|\*)$/.exec(expression);
  const [, minute = "", hour = "", day = ""] = plain ?? [];
  const isExpression = plain === null || (hour === "*" && day !== "*");
  if (isExpression) return { frequency: "expression", ...NOTHING, cron_expression: expression };
  const minuteOf = { minute: Number(minute) };
  if (hour === "*") return { frequency: "hourly", ...NOTHING, ...minuteOf };
  const times = { ...NOTHING, ...minuteOf, hour: Number(hour) };
  if (day === "*") return { frequency: "daily", ...times };
  return { frequency: "weekly", ...times, day: DAYS[Number(day)] ?? null };
}

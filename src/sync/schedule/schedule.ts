import { Cron } from "croner";

import type { Schedule } from "../sync.ts";

const MINUTE_MS = 60_000;
/** Shorter than a check a minute is no interval, longer than a month no schedule. */
const INTERVAL_MINUTES_MAX = 31 * 24 * 60;
const CRON_FIELDS = 5;

/** What is wrong with a schedule; `undefined` when nothing is. */
export function scheduleProblem(schedule: Schedule): string | undefined {
  if (schedule.kind === "interval") {
    const { minutes } = schedule;
    const isGood = Number.isInteger(minutes) && minutes >= 1 && minutes <= INTERVAL_MINUTES_MAX;
    return isGood ? undefined : `An interval is 1 to ${INTERVAL_MINUTES_MAX} whole minutes.`;
  }
  if (schedule.kind !== "cron") return undefined;
  return cronOf(schedule.expression) === undefined
    ? "The cron expression has to have five fields (minute hour day month weekday), in UTC."
    : undefined;
}

/** When a sync runs next by itself after `fromMs`; `undefined` when it does not. */
export function nextRun(
  schedule: Schedule,
  fromMs: number,
  lastStartedAtMs: number | undefined,
): number | undefined {
  switch (schedule.kind) {
    case "manual":
    case "after":
      return undefined;
    case "continuous":
      return Math.max(fromMs, (lastStartedAtMs ?? fromMs - MINUTE_MS) + MINUTE_MS);
    case "interval":
      return lastStartedAtMs === undefined
        ? fromMs
        : Math.max(fromMs, lastStartedAtMs + schedule.minutes * MINUTE_MS);
    case "cron":
      return cronOf(schedule.expression)?.nextRun(new Date(fromMs))?.getTime();
  }
}

function cronOf(expression: string): Cron | undefined {
  if (expression.trim().split(/\s+/).length !== CRON_FIELDS) return undefined;
  try {
    const cron = new Cron(expression, { timezone: "UTC", paused: true });
    return cron.nextRun(new Date()) === null ? undefined : cron;
  } catch {
    return undefined;
  }
}

/** When an event is tried again, and for how long. */
export type RetryRule = {
  /** How long an event is tried, while its destination works, until it becomes a dead letter. */
  readonly forMs: number;
  /** Ceiling of the first wait; it doubles with each attempt. */
  readonly delayMsMin: number;
  readonly delayMsMax: number;
};

/** Four hours, as Segment has it; the first wait is at most 2 s, the longest 15 minutes. */
export const RETRY_RULE: RetryRule = {
  forMs: 4 * 3_600_000,
  delayMsMin: 2_000,
  delayMsMax: 15 * 60_000,
};

/** The longest `Retry-After` that is obeyed; beyond it somebody has made a mistake. */
export const RETRY_AFTER_MS_MAX = 24 * 3_600_000;

/**
 * How much of the time that a destination was down does not count as an event's own. After a week
 * and its own time it is given up all the same: it may be the event itself that nobody answers.
 */
export const STOPPED_MS_MAX = 7 * 24 * 3_600_000;

/** Due times are rounded up to this, so that what fails together waits in one chunk. */
const DUE_STEP_MS = 1_000;

/** What is known of an event right after an attempt that did not settle it. */
export type FailedAttempt = {
  /** Counts from 1, this one included. */
  readonly attempts: number;
  readonly firstAttemptAtMs: number;
  /** How long in all the destination was down when the first attempt ended, and by now. */
  readonly stoppedBeforeMs: number;
  readonly stoppedMs: number;
  readonly nowMs: number;
  readonly retryAfterMs: number | undefined;
};

/**
 * When to try again, or that the time is used up. Only time counts in which the destination worked:
 * an outage takes nothing from the events that meet it. The wait doubles per attempt with full jitter
 * and is never shorter than the destination asked for; the last attempt is made when the time ends.
 *
 * @param random uniform in [0, 1)
 */
export function nextAttempt(
  failed: FailedAttempt,
  rule: RetryRule,
  random: number,
): { readonly kind: "again"; readonly atMs: number } | { readonly kind: "over" } {
  const { attempts, nowMs, retryAfterMs } = failed;
  const endMs = nowMs + rule.forMs - ownMs(failed);
  if (nowMs >= endMs) return { kind: "over" };
  const atMs = Math.min(nowMs + backoffMs(attempts, rule, random), endMs);
  const asked = nowMs + Math.min(retryAfterMs ?? 0, RETRY_AFTER_MS_MAX);
  return { kind: "again", atMs: Math.ceil(Math.max(atMs, asked) / DUE_STEP_MS) * DUE_STEP_MS };
}

/** How long the event has been tried while its destination worked. */
function ownMs({ firstAttemptAtMs, stoppedBeforeMs, stoppedMs, nowMs }: FailedAttempt): number {
  const sinceMs = nowMs - firstAttemptAtMs;
  const forgivenMs = Math.min(stoppedMs - stoppedBeforeMs, STOPPED_MS_MAX, sinceMs);
  return sinceMs - Math.max(0, forgivenMs);
}

/** The wait after that many failures in a row: full jitter under a ceiling that doubles. */
export function backoffMs(failures: number, rule: RetryRule, random: number): number {
  const ceiling = Math.min(rule.delayMsMax, rule.delayMsMin * 2 ** Math.min(failures - 1, 30));
  return Math.floor(ceiling * random);
}

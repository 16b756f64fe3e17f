import { backoffMs, RETRY_AFTER_MS_MAX, type RetryRule } from "./retry.ts";

/** Calls that have to fail one after another until the destination counts as down. */
export const CALLS_TO_PAUSE = 3;

/** A destination that is down is asked again at the latest after this. */
const PROBE: RetryRule = { forMs: 0, delayMsMin: 1_000, delayMsMax: 300_000 };

/** What became of one call: the outcomes of all its events together. */
export type CallResult = {
  /** Whether every event of the call has to be tried again. */
  readonly isFailure: boolean;
  /** What the destination asked for. */
  readonly retryAfterMs: number | undefined;
};

/**
 * How fast a lane may call. After a few failed calls in a row, or when the destination asks for it,
 * nothing at all is sent for a while: what waits meanwhile uses up no attempts, and a destination
 * that comes back is not run over. Kept in memory only; a restart costs one more attempt.
 */
export class Pace {
  readonly #random: () => number;
  #failures = 0;
  #pausedUntilMs = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** Until when nothing is sent. */
  get pausedUntilMs(): number {
    return this.#pausedUntilMs;
  }

  /** Whether the last calls all failed, so that one call has to succeed before more are made. */
  get isProbing(): boolean {
    return this.#failures >= CALLS_TO_PAUSE;
  }

  admits(nowMs: number): boolean {
    // A clock that was ahead must not stop a lane for longer than it would have paused.
    this.#pausedUntilMs = Math.min(this.#pausedUntilMs, nowMs + RETRY_AFTER_MS_MAX);
    return nowMs >= this.#pausedUntilMs;
  }

  settle({ isFailure, retryAfterMs }: CallResult, nowMs: number): void {
    // Calls that ran beside the one that led to the pause say nothing new.
    const isLate = isFailure && this.isProbing && nowMs < this.#pausedUntilMs;
    if (!isLate) this.#count(isFailure, nowMs);
    if (retryAfterMs !== undefined) {
      this.#pause(nowMs + Math.min(retryAfterMs, RETRY_AFTER_MS_MAX));
    }
  }

  #count(isFailure: boolean, nowMs: number): void {
    this.#failures = isFailure ? this.#failures + 1 : 0;
    if (isFailure && this.#failures >= CALLS_TO_PAUSE) {
      const failures = this.#failures - CALLS_TO_PAUSE + 1;
      // Half of it for certain, or a probe would often follow at once.
      this.#pause(nowMs + backoffMs(failures, PROBE, 0.5 + this.#random() / 2));
    }
  }

  #pause(untilMs: number): void {
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, Math.ceil(untilMs));
  }
}

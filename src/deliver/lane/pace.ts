import { readStored } from "../../core/stored-json.ts";
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

/** What a pace goes on from after a restart. */
type PaceState = {
  /** Calls that failed in a row. */
  readonly failures: number;
  /** When the first of them ended; absent while the last call did not fail. */
  readonly failingSinceMs?: number;
  readonly pausedUntilMs: number;
  /** How long in all the destination was down, but for now. */
  readonly stoppedMs: number;
};

const FRESH: PaceState = { failures: 0, pausedUntilMs: 0, stoppedMs: 0 };

/**
 * How fast a lane may call. After a few failed calls in a row, or when the destination asks for it,
 * nothing at all is sent for a while: what waits meanwhile uses up no attempts, and a destination
 * that comes back is not run over. It also keeps account of how long the destination was down, which
 * is no event's fault. To be kept in storage: an object seldom lives through a pause.
 */
export class Pace {
  readonly #random: () => number;
  #state: PaceState;
  #isChanged = false;

  /** @param stored what {@link takeChanged} gave last. */
  constructor(random: () => number, stored?: string) {
    this.#random = random;
    this.#state = stored === undefined ? FRESH : readStored<PaceState>(stored);
  }

  /** Until when nothing is sent. */
  get pausedUntilMs(): number {
    return this.#state.pausedUntilMs;
  }

  /** Whether the last calls all failed, so that one call has to succeed before more are made. */
  get isProbing(): boolean {
    return this.#state.failures >= CALLS_TO_PAUSE;
  }

  admits(nowMs: number): boolean {
    // A clock that was ahead must not stop a lane for longer than it would have paused.
    const latestMs = nowMs + RETRY_AFTER_MS_MAX;
    if (this.pausedUntilMs > latestMs) this.#change({ pausedUntilMs: latestMs });
    return nowMs >= this.pausedUntilMs;
  }

  /** How long in all the destination was down: from the first of the calls that led to a pause on. */
  stoppedMs(nowMs: number): number {
    const { failingSinceMs, pausedUntilMs, stoppedMs } = this.#state;
    const isStopped = failingSinceMs !== undefined && pausedUntilMs > failingSinceMs;
    return stoppedMs + (isStopped ? Math.max(0, nowMs - failingSinceMs) : 0);
  }

  settle({ isFailure, retryAfterMs }: CallResult, nowMs: number): void {
    // Calls that ran beside the one that led to the pause say nothing new.
    const isLate = isFailure && this.isProbing && nowMs < this.pausedUntilMs;
    if (isFailure && !isLate) this.#countFailure(nowMs);
    if (!isFailure && this.#state.failures > 0) {
      const { pausedUntilMs } = this;
      this.#replace({ failures: 0, pausedUntilMs, stoppedMs: this.stoppedMs(nowMs) });
    }
    if (retryAfterMs !== undefined) {
      this.#pause(nowMs + Math.min(retryAfterMs, RETRY_AFTER_MS_MAX));
    }
  }

  /** Asks again at once: the destination was changed, so what it said before counts no more. */
  resume(nowMs: number): void {
    this.#replace({ ...FRESH, stoppedMs: this.stoppedMs(nowMs) });
  }

  /** What is to be written down since it was taken last; `undefined` when nothing is. */
  takeChanged(): string | undefined {
    if (!this.#isChanged) return undefined;
    this.#isChanged = false;
    return JSON.stringify(this.#state);
  }

  #countFailure(nowMs: number): void {
    const { failures, failingSinceMs = nowMs } = this.#state;
    this.#change({ failures: failures + 1, failingSinceMs });
    if (!this.isProbing) return;
    // Half of it for certain, or a probe would often follow at once.
    const random = 0.5 + this.#random() / 2;
    this.#pause(nowMs + backoffMs(failures + 2 - CALLS_TO_PAUSE, PROBE, random));
  }

  #pause(untilMs: number): void {
    const pausedUntilMs = Math.max(this.pausedUntilMs, Math.ceil(untilMs));
    this.#change({ pausedUntilMs });
  }

  #change(change: Partial<PaceState>): void {
    this.#replace({ ...this.#state, ...change });
  }

  #replace(state: PaceState): void {
    this.#state = state;
    this.#isChanged = true;
  }
}

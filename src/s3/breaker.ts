/**
 * When a location that did not answer is asked again. Breakers are kept in memory: an object that
 * starts anew tries each location once more, which costs one attempt and cannot write anything twice,
 * because what an attempt may have left behind is on disk.
 */
export type BreakerRule = {
  /** Failures in a row that open it. One alone is most often a passing refusal. */
  readonly failuresToOpen: number;
  /** First and longest wait before one probe is let through. */
  readonly waitMsMin: number;
  readonly waitMsMax: number;
};

/** Three: with a queue's retries after 1 s and 2 s a refusing location is left after 3 s. */
export const FAILURES_TO_OPEN = 3;

/** The first wait: a passing fault is over by then, and one probe costs little. */
export const PROBE_MS_MIN = 5_000;

/** What is remembered of one location. */
export type Breaker = {
  /** In a row. */
  readonly failures: number;
  /** How often it opened since it last answered; each time it stays open for longer. */
  readonly opened: number;
  /** Until when nothing is sent; `undefined` while it is closed. */
  readonly openUntilMs: number | undefined;
};

export const CLOSED: Breaker = { failures: 0, opened: 0, openUntilMs: undefined };

export type BreakerState = "closed" | "open" | "half-open";

/** `half-open` lets one probe through, whose answer closes it or opens it again. */
export function breakerState(breaker: Breaker, rule: BreakerRule, nowMs: number): BreakerState {
  if (breaker.openUntilMs === undefined) return "closed";
  const leftMs = breaker.openUntilMs - nowMs;
  // More than the longest wait is left only after the clock was set back.
  return leftMs > 0 && leftMs <= rule.waitMsMax ? "open" : "half-open";
}

/** The breaker after a failure. `outright`: one that alone is reason enough, as no answer in time. */
export function afterFailure(
  breaker: Breaker,
  rule: BreakerRule,
  { nowMs, outright, random }: { nowMs: number; outright: boolean; random: number },
): Breaker {
  const failures = breaker.failures + 1;
  const isProbe = breaker.openUntilMs !== undefined;
  if (!isProbe && !outright && failures < rule.failuresToOpen) return { ...breaker, failures };
  const waitMs = Math.min(rule.waitMsMax, rule.waitMsMin * 2 ** breaker.opened);
  // Between half of it and all: many queues lose a location at once and must not return at once.
  const openUntilMs = nowMs + Math.ceil(waitMs * (1 - random / 2));
  return { failures, opened: breaker.opened + 1, openUntilMs };
}

/** The breakers of the locations that one object asks. */
export class Breakers<Location extends string> {
  readonly #rule: BreakerRule;
  readonly #now: () => number;
  /** From 0 to below 1. */
  readonly #random: () => number;
  readonly #known = new Map<Location, Breaker>();
  readonly #reasons = new Map<Location, string>();

  constructor(rule: BreakerRule, now: () => number, random: () => number) {
    this.#rule = rule;
    this.#now = now;
    this.#random = random;
  }

  state(location: Location): BreakerState {
    return breakerState(this.#of(location), this.#rule, this.#now());
  }

  /** Whether a request may be sent there now. */
  admits(location: Location): boolean {
    return this.state(location) !== "open";
  }

  /** The last failure since it answered. */
  reason(location: Location): string | undefined {
    return this.#reasons.get(location);
  }

  answered(location: Location): void {
    this.#known.delete(location);
    this.#reasons.delete(location);
  }

  /** `reason` is shown to people: kinds and codes only. */
  failed(location: Location, outright: boolean, reason: string): void {
    this.#reasons.set(location, reason);
    const how = { nowMs: this.#now(), outright, random: this.#random() };
    this.#known.set(location, afterFailure(this.#of(location), this.#rule, how));
  }

  /** When the first of the locations may be asked again; now if one may. */
  nextAtMs(locations: readonly Location[]): number {
    const nowMs = this.#now();
    const times = locations.map((location) =>
      this.admits(location) ? nowMs : (this.#of(location).openUntilMs ?? nowMs),
    );
    return Math.min(...times);
  }

  #of(location: Location): Breaker {
    return this.#known.get(location) ?? CLOSED;
  }
}

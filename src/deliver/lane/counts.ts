/** How far an event came; Segment's names. */
export const DELIVERY_STEPS = [
  "filtered-at-destination",
  "pending-retry",
  "failed-delivery",
  "successful-delivery",
] as const;
export type DeliveryStep = (typeof DELIVERY_STEPS)[number];

/** Events of one minute, one step and one code. Totals, so that telling them twice counts once. */
export type DeliveryCount = {
  /** Start of the minute, epoch ms. */
  readonly atMs: number;
  readonly step: DeliveryStep;
  /** The status for what was delivered, else Segment's code. */
  readonly code: string;
  readonly count: number;
  /** Attempts besides the first of each event. */
  readonly retryCount: number;
  /** From receipt to delivery: how many events by {@link latencyStep}; empty for other steps. */
  readonly latency: Readonly<Record<string, number>>;
};

const MINUTE_MS = 60_000;

/** Upper end of the first latency step; each further one is a fifth higher. */
const LATENCY_MS_FIRST = 10;
const STEPS_PER_OCTAVE = 4;

/** The step of a latency: within a fifth of the true time. */
export function latencyStep(ms: number): number {
  if (!(ms > LATENCY_MS_FIRST)) return 0;
  return Math.ceil(STEPS_PER_OCTAVE * Math.log2(ms / LATENCY_MS_FIRST));
}

/** The latency that 95 of 100 events stayed below, at most a fifth too high; none of no events. */
export function latency95Ms(latency: Readonly<Record<string, number>>): number | undefined {
  const steps = Object.entries(latency)
    .map(([step, count]) => ({ step: Number(step), count }))
    .toSorted((a, b) => a.step - b.step);
  const total = steps.reduce((sum, { count }) => sum + count, 0);
  let below = 0;
  for (const { step, count } of steps) {
    below += count;
    if (below >= total * 0.95) {
      return Math.round(LATENCY_MS_FIRST * 2 ** (step / STEPS_PER_OCTAVE));
    }
  }
  return undefined;
}

type Held = { -readonly [K in keyof Omit<DeliveryCount, "latency">]: DeliveryCount[K] } & {
  readonly latency: Record<string, number>;
};

/** Adds latencies by step. */
export function addLatencies(
  a: Readonly<Record<string, number>>,
  b: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  const sum: Record<string, number> = { ...a };
  for (const [step, count] of Object.entries(b)) sum[step] = (sum[step] ?? 0) + count;
  return sum;
}

/** What is added to a count by one event or several of the same kind. */
export type CountChange = {
  readonly step: DeliveryStep;
  readonly code: string;
  readonly count: number;
  readonly retryCount?: number;
  readonly latencyMs?: number | undefined;
};

/** The minutes of one lane that are not told to its workspace yet, and those that still change. */
export class DeliveryCounts {
  readonly #minutes = new Map<string, Held>();
  readonly #changed = new Set<string>();
  /** What was added to last: a block's events mostly go to the same count. */
  #last: Held | undefined;

  constructor(held: readonly DeliveryCount[]) {
    for (const count of held) this.#minutes.set(nameOf(count), copyOf(count));
  }

  get isChanged(): boolean {
    return this.#changed.size > 0;
  }

  add({ step, code, count, retryCount = 0, latencyMs }: CountChange, nowMs: number): void {
    const held = this.#heldOf({ atMs: nowMs - (nowMs % MINUTE_MS), step, code });
    // In place, because there is an event for each call.
    held.count += count;
    held.retryCount += retryCount;
    if (latencyMs !== undefined) {
      const at = latencyStep(latencyMs);
      held.latency[at] = (held.latency[at] ?? 0) + count;
    }
  }

  /** Counts that changed since they were taken last, to be written down. */
  takeChanged(): readonly DeliveryCount[] {
    const changed = [...this.#changed].flatMap((name) => {
      const held = this.#minutes.get(name);
      return held === undefined ? [] : [copyOf(held)];
    });
    this.#changed.clear();
    this.#last = undefined;
    return changed;
  }

  /** All that is held, to be told. */
  all(): readonly DeliveryCount[] {
    return Array.from(this.#minutes.values(), copyOf);
  }

  /** Forgets minutes before that one; they are told. */
  forgetBefore(atMs: number): void {
    for (const [name, count] of this.#minutes) {
      if (count.atMs < atMs) this.#minutes.delete(name);
    }
    this.#last = undefined;
  }

  /** The count of that name, which is about to change. */
  #heldOf({ atMs, step, code }: Pick<DeliveryCount, "atMs" | "step" | "code">): Held {
    const last = this.#last;
    if (last !== undefined && last.atMs === atMs && last.step === step && last.code === code) {
      return last;
    }
    const name = nameOf({ atMs, step, code });
    const held = this.#minutes.get(name) ?? {
      atMs,
      step,
      code,
      count: 0,
      retryCount: 0,
      latency: {},
    };
    this.#minutes.set(name, held);
    this.#changed.add(name);
    this.#last = held;
    return held;
  }
}

function copyOf(count: DeliveryCount): Held {
  return { ...count, latency: { ...count.latency } };
}

function nameOf({ atMs, step, code }: Pick<DeliveryCount, "atMs" | "step" | "code">): string {
  return `${atMs} ${step} ${code}`;
}

import { inTime } from "../../core/in-time.ts";
import type { Deliverer, Delivery, DeliveryOutcome } from "../deliverer.ts";

/** How long one call may take; destinations have shorter limits of their own. */
export const CALL_MS_MAX = 30_000;

/** How long a call that was told to end is still waited for. */
const END_MS_MAX = 2_000;

const TIMED_OUT: DeliveryOutcome = { kind: "retry", code: "ETIMEDOUT" };

/** What a destination's own fault is counted as: the events are kept, as dead letters. */
const BROKEN: DeliveryOutcome = { kind: "rejected", code: "INTERNAL" };

/**
 * One call of a destination, with an outcome for every event whatever it does: one that hangs is
 * given up, and one that throws, or answers for other events than it was given, has rejected all.
 * The error's text may quote an event, so it goes nowhere.
 */
export async function callDestination(
  deliverer: Deliverer,
  events: readonly Delivery[],
): Promise<readonly DeliveryOutcome[]> {
  const ending = new AbortController();
  const timer = setTimeout(() => ending.abort(), CALL_MS_MAX);
  try {
    return await inTime(deliverSafely(deliverer, events, ending.signal), CALL_MS_MAX + END_MS_MAX);
  } catch {
    return events.map(() => TIMED_OUT);
  } finally {
    clearTimeout(timer);
  }
}

async function deliverSafely(
  deliverer: Deliverer,
  events: readonly Delivery[],
  signal: AbortSignal,
): Promise<readonly DeliveryOutcome[]> {
  try {
    const outcomes = await deliverer.deliver(events, signal);
    if (outcomes.length === events.length) return outcomes;
  } catch {
    // A destination that is told to end may throw for that.
    if (signal.aborted) return events.map(() => TIMED_OUT);
  }
  return events.map(() => BROKEN);
}

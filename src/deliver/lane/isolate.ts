import type { Delivery, DeliveryOutcome } from "../deliverer.ts";

/** Calls that one refused batch may cost; what is left then is refused as a whole. */
export const SPLIT_CALLS_MAX = 64;

/** Refusals that are about the credential or the destination, which no smaller batch would pass. */
const NOT_THE_EVENTS: ReadonlySet<string> = new Set(["401", "403", "404", "INVALID_SETTINGS"]);

type Call = (events: readonly Delivery[]) => Promise<readonly DeliveryOutcome[]>;

/**
 * Delivers a batch; when all of it is refused it is split in halves until the event that spoils it
 * is alone, so that the others arrive.
 */
export async function deliverIsolating(
  events: readonly Delivery[],
  call: Call,
): Promise<readonly DeliveryOutcome[]> {
  const budget = { calls: SPLIT_CALLS_MAX };
  return deliverPart(events, call, budget);
}

async function deliverPart(
  events: readonly Delivery[],
  call: Call,
  budget: { calls: number },
): Promise<readonly DeliveryOutcome[]> {
  const outcomes = await call(events);
  budget.calls -= 1;
  if (events.length === 1 || budget.calls <= 0 || !outcomes.every(mayBeSpoilt)) return outcomes;
  const middle = events.length >>> 1;
  const first = await deliverPart(events.slice(0, middle), call, budget);
  const second = await deliverPart(events.slice(middle), call, budget);
  return [...first, ...second];
}

function mayBeSpoilt(outcome: DeliveryOutcome): boolean {
  return outcome.kind === "rejected" && !NOT_THE_EVENTS.has(outcome.code);
}

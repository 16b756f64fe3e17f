import type { DeliveryOutcome } from "../deliverer.ts";

/** No mapping took the event: Segment's own code. */
const NO_MATCHING_MAPPING: DeliveryOutcome = { kind: "filtered", code: "NO_MATCHING_MAPPING" };

/**
 * What became of an event that several mappings may have taken. While one of them may still succeed
 * the event comes again, to all of them, since the lane keeps one position for each event; vendors
 * know what they have by the event's messageId. One that can never succeed makes a dead letter.
 */
export function combined(outcomes: readonly DeliveryOutcome[]): DeliveryOutcome {
  const retries = outcomes.filter((outcome) => outcome.kind === "retry");
  if (retries.length > 0) return longestWait(retries);
  return (
    outcomes.find(({ kind }) => kind === "rejected") ??
    outcomes.find(({ kind }) => kind === "delivered") ??
    outcomes[0] ??
    NO_MATCHING_MAPPING
  );
}

function longestWait(
  retries: readonly Extract<DeliveryOutcome, { kind: "retry" }>[],
): DeliveryOutcome {
  return retries.reduce((longest, each) =>
    (each.retryAfterMs ?? 0) > (longest.retryAfterMs ?? 0) ? each : longest,
  );
}

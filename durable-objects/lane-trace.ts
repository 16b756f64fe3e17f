import type { DeliveryCounts } from "../src/deliver/lane/counts.ts";
import type { LaneStorage } from "../src/deliver/lane/lane-storage.ts";
import type { EventTrace, TraceQuery } from "../src/deliver/lane/ports.ts";
import type { LaneDeadLetters } from "./lane-dead-letters.ts";

export type TraceDeps = {
  readonly lane: LaneStorage;
  readonly deadLetters: LaneDeadLetters;
  readonly counts: DeliveryCounts;
};

/** Steps that an event may have ended with besides its delivery. */
const OTHER_ENDS: ReadonlySet<string> = new Set(["filtered-at-destination", "failed-delivery"]);

const MINUTE_MS = 60_000;

/**
 * How far a lane is with one event, from what it holds anyway: it keeps no row per event, so one that
 * is behind it is named only while it waits for a retry or is a dead letter.
 */
export async function traceEvent(query: TraceQuery, deps: TraceDeps): Promise<EventTrace> {
  const { firstSeq, lastSeq, messageId, acceptedAtMs } = query;
  const { lane, deadLetters, counts } = deps;
  const isIt = (seq: number, line: string): boolean =>
    seq >= firstSeq && seq <= lastSeq && messageIdOf(line) === messageId;
  for (const { dueAtMs, entries } of lane.allWaiting()) {
    const found = entries.find(({ seq, line }) => isIt(seq, line));
    if (found === undefined) continue;
    const { code, attempts } = found;
    return { kind: "waiting", code, attempts, nextAttemptAtMs: dueAtMs };
  }
  const letter = await deadLetters.find(isIt, acceptedAtMs);
  if (letter === "unknown") return { kind: "unknown" };
  if (letter !== undefined) return { kind: "dead-letter", ...letter };
  if (lane.position < firstSeq) return { kind: "ahead" };
  if (lane.position < lastSeq) return { kind: "unknown" };
  const sinceMs = acceptedAtMs - (acceptedAtMs % MINUTE_MS);
  const hasOtherEnds = counts
    .all()
    .some(({ atMs, step, count }) => atMs >= sinceMs && count > 0 && OTHER_ENDS.has(step));
  return { kind: "passed", hasOtherEnds };
}

function messageIdOf(line: string): unknown {
  try {
    return (JSON.parse(line) as { readonly messageId?: unknown }).messageId;
  } catch {
    return undefined;
  }
}

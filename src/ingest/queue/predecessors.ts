import { inTime } from "../../core/in-time.ts";
import type { QueuePort } from "../../services.ts";
import { predecessorsOf, type QueueRef, type Route } from "../../workspace/source-config.ts";

/** How long a predecessor may take; one that was idle for long has to load what it remembers. */
const ANSWER_MS_MAX = 10_000;

/** The queues of epochs that ended within the window and that may know ids which come here now. */
export function livePredecessors(
  self: QueueRef,
  route: Route,
  windowMs: number,
  nowMs: number,
): readonly QueueRef[] {
  if (route.earlier.length === 0) return [];
  const earlier = route.earlier.filter((epoch) => epoch.endedAtMs + windowMs > nowMs);
  return predecessorsOf(self, { ...route, earlier });
}

/**
 * Asks queues of earlier epochs which of these fingerprints they accepted.
 *
 * @returns one byte per fingerprint, or `undefined` when one could not be asked: then nothing may be
 * accepted, because the client's retry could store an event twice.
 */
export async function askPredecessors(
  queues: readonly Pick<QueuePort, "known">[],
  prints: Uint8Array,
): Promise<Uint8Array | undefined> {
  const answers = await Promise.allSettled(
    queues.map((queue) => inTime(queue.known(prints), ANSWER_MS_MAX)),
  );
  let known: Uint8Array | undefined;
  for (const answer of answers) {
    if (answer.status === "rejected") return undefined;
    known ??= new Uint8Array(answer.value.length);
    for (let i = 0; i < answer.value.length; i++)
      known[i] = (known[i] ?? 0) | (answer.value[i] ?? 0);
  }
  return known;
}

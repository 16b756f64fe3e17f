import { createHash } from "node:crypto";

import type { DestinationId, SourceId } from "../../core/ids.ts";

/** Characters of a key: 192 bits, in letters that every vendor takes. */
const KEY_CHARS = 32;

/**
 * What a destination can tell a repeated event by: fixed by source, destination and the event's own
 * messageId, so that it is the same on every attempt, after every crash, from the log and from an
 * archive file. A hash, because messageIds may name people.
 */
export function idempotencyKey(
  lane: { readonly sourceId: SourceId; readonly destinationId: DestinationId },
  event: Readonly<Record<string, unknown>>,
  seq: number,
): string {
  const { messageId } = event;
  const own = typeof messageId === "string" && messageId !== "" ? messageId : seq;
  return createHash("sha256")
    .update(JSON.stringify([lane.sourceId, lane.destinationId, own]))
    .digest("hex")
    .slice(0, KEY_CHARS);
}

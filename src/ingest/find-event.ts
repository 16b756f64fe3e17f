import type { SourceId } from "../core/ids.ts";
import { sipHash128, sipKey } from "../core/siphash.ts";
import type { MessageFile, QueueSighting, Services } from "../services.ts";
import type { QueueRef } from "../workspace/source-config.ts";
import { fingerprintText } from "./event-hashes.ts";
import { PRINT_BYTES } from "./append.ts";

/** Where one event is, by its messageId. */
export type EventSighting = {
  readonly state: "waiting" | "archived";
  readonly ingestRegion: QueueRef["ingestRegion"];
  readonly shard: number;
  /** ISO 8601, to the second. */
  readonly acceptedAt: string;
  /** The archive file that holds it; absent while it waits to be archived. */
  readonly file?: MessageFile;
};

export type FindOutcome =
  | {
      readonly kind: "found";
      readonly event: EventSighting;
      /** What its queue said of it. */
      readonly sighting: QueueSighting;
    }
  /** No queue that answered knows it; `unreachable` counts those that did not answer. */
  | { readonly kind: "not-found"; readonly unreachable: number };

/**
 * Finds an event accepted within the deduplication window: which queue took it and when, and which
 * archive file it went to. The messageId is hashed here, so that no other object sees it but the
 * archive of the source.
 */
export async function findEvent(
  services: Services,
  source: { readonly id: SourceId; readonly fingerprintKey: string },
  queues: readonly QueueRef[],
  messageId: string,
): Promise<FindOutcome> {
  const print = new Uint8Array(PRINT_BYTES);
  sipHash128(sipKey(source.fingerprintKey), fingerprintText(messageId), print, 0);
  let unreachable = 0;
  for (const queue of queues) {
    try {
      const sighting = await services.queue(source.id, queue).find(print);
      if (sighting === undefined) continue;
      return {
        kind: "found",
        event: await describe(services, source.id, queue, sighting, messageId),
        sighting,
      };
    } catch {
      unreachable += 1;
    }
  }
  return { kind: "not-found", unreachable };
}

async function describe(
  services: Services,
  sourceId: SourceId,
  queue: QueueRef,
  sighting: QueueSighting,
  messageId: string,
): Promise<EventSighting> {
  const acceptedAt = new Date(sighting.acceptedAtMs).toISOString();
  const keys = sighting.files.map((file) => file.key);
  const file = await services.archive(sourceId).findMessage(keys, messageId);
  return {
    state: file === undefined ? "waiting" : "archived",
    ...queue,
    acceptedAt,
    ...(file === undefined ? {} : { file }),
  };
}

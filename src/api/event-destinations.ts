import { parseKey } from "../archive/key.ts";
import type { DestinationId, SourceId } from "../core/ids.ts";
import type { DeliveryStep } from "../deliver/lane/counts.ts";
import type { EventTrace } from "../deliver/lane/ports.ts";
import type { QueueSighting } from "../services.ts";
import { DESTINATIONS_MAX } from "../workspace/destination.ts";
import type { AdminCall, ApiServices, WorkspaceAdminPort } from "../workspace/ports.ts";
import type { QueueRef } from "../workspace/source-config.ts";

/** What became of one event at one destination; docs/destinations.md says what each state means. */
export type DestinationAnswer = {
  readonly destinationId: DestinationId;
  readonly state:
    | "ahead"
    | "before-switched-on"
    | "dead-letter"
    | "delivered"
    | "settled"
    | "unknown"
    | "waiting";
  readonly code?: string;
  readonly attempts?: number;
  readonly nextAttemptAtMs?: number;
  readonly file?: string;
};

/** One event that a queue knows. */
export type FoundPlace = {
  readonly sourceId: SourceId;
  readonly queue: QueueRef;
  readonly messageId: string;
  readonly sighting: QueueSighting;
  /** The archive file that holds it, once there is one. */
  readonly fileKey: string | undefined;
};

export type AskedWorkspace = {
  readonly services: ApiServices;
  readonly workspace: WorkspaceAdminPort;
  readonly call: AdminCall;
};

type Range = { readonly firstSeq: number; readonly lastSeq: number };

/** Beyond this, counts by the minute are not had in one piece. */
const MINUTES_MS_MAX = 4 * 3_600_000;

const OTHER_ENDS: readonly DeliveryStep[] = ["filtered-at-destination", "failed-delivery"];

/** Asks every destination's lane of the event's queue; one that does not answer is `unknown`. */
export async function answersOfDestinations(
  place: FoundPlace,
  asked: AskedWorkspace,
): Promise<readonly DestinationAnswer[]> {
  const listed = await asked.workspace.destinations(asked.call, { limit: DESTINATIONS_MAX });
  if (!listed.ok) return [];
  const range = rangeOf(place);
  const ids = listed.value.data
    .filter(({ sourceId }) => sourceId === place.sourceId)
    .map(({ id }) => id);
  return Promise.all(
    ids.map(async (destinationId): Promise<DestinationAnswer> => {
      if (range === undefined) return { destinationId, state: "unknown" };
      try {
        return await answerOf(destinationId, range, place, asked);
      } catch {
        return { destinationId, state: "unknown", code: "unreachable" };
      }
    }),
  );
}

/** Its number, or those of the file that holds it. */
function rangeOf({ sighting, fileKey }: FoundPlace): Range | undefined {
  if (sighting.seq !== undefined) return { firstSeq: sighting.seq, lastSeq: sighting.seq };
  const key = fileKey === undefined ? undefined : parseKey(fileKey);
  if (key?.writtenBy !== "homeport") return undefined;
  return { firstSeq: key.name.firstSeq, lastSeq: key.name.lastSeq };
}

async function answerOf(
  destinationId: DestinationId,
  range: Range,
  { sourceId, queue, messageId, sighting }: FoundPlace,
  asked: AskedWorkspace,
): Promise<DestinationAnswer> {
  const { acceptedAtMs, lanes } = sighting;
  const lane = asked.services.lane({ destinationId, sourceId, ...queue });
  const trace: EventTrace = await lane.locate({ ...range, messageId, acceptedAtMs });
  switch (trace.kind) {
    case "waiting":
    case "dead-letter": {
      const { kind: state, ...rest } = trace;
      return { destinationId, state, ...rest };
    }
    case "unknown":
      return { destinationId, state: "unknown" };
    case "ahead":
    case "passed":
      break;
  }
  const start = lanes?.find((each) => each.destinationId === destinationId)?.startSeq;
  // A lane that was off meanwhile begins anew, and its position says nothing of what came before.
  if (start === undefined) return { destinationId, state: "unknown", code: "destination_off" };
  if (range.lastSeq <= start) return { destinationId, state: "before-switched-on" };
  if (trace.kind === "ahead") return { destinationId, state: "ahead" };
  const isSure = !trace.hasOtherEnds && !(await hasOtherEnds(destinationId, acceptedAtMs, asked));
  return { destinationId, state: isSure ? "delivered" : "settled" };
}

/** Whether the workspace heard, since the event came in, of any that was not delivered in the end. */
async function hasOtherEnds(
  destinationId: DestinationId,
  acceptedAtMs: number,
  { services, workspace, call }: AskedWorkspace,
): Promise<boolean> {
  const toMs = services.now() + 1;
  const granularity = toMs - acceptedAtMs < MINUTES_MS_MAX ? "minute" : "hour";
  const query = { granularity, fromMs: acceptedAtMs, toMs, destinationId } as const;
  const counted = await workspace.metrics(call, query);
  if (!counted.ok) return true;
  return counted.value.rows.some(({ step, count }) => count > 0 && OTHER_ENDS.includes(step));
}

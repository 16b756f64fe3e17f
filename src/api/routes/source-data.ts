import { array, nullable, number, object, optional, picklist, string } from "valibot";

import { isChildId } from "../../core/ids.ts";
import { ok } from "../../core/result.ts";
import { findEvent } from "../../ingest/find-event.ts";
import type { QueueCounter, QueuePort, QueueStatus } from "../../services.ts";
import { isoTime } from "../../workspace/source-view.ts";
import { answersOfDestinations, type DestinationAnswer } from "../event-destinations.ts";
import { answerWith, workspaceOperation, type Operation } from "../operation.ts";
import { refuse } from "../problem.ts";
import { archiveLocation, ingestRegion } from "../schemas.ts";

const metricsAnswer = object({
  counters: array(object({ step: string(), code: string(), count: number() })),
  queues: array(
    object({
      ingestRegion,
      shard: number(),
      state: picklist(["answered", "unreachable"]),
      waitingEvents: nullable(number()),
      waitingBytes: nullable(number()),
      databaseBytes: nullable(number()),
      oldestWaitingAt: nullable(string()),
      alert: nullable(string()),
      suspects: nullable(number()),
    }),
  ),
});

const eventAnswer = object({
  state: picklist(["waiting", "archived"]),
  ingestRegion,
  shard: number(),
  acceptedAt: string(),
  file: optional(object({ key: string(), location: archiveLocation, receivedAt: string() })),
  destinations: array(
    object({
      destinationId: string(),
      state: picklist([
        "ahead",
        "before-switched-on",
        "dead-letter",
        "delivered",
        "settled",
        "unknown",
        "waiting",
      ]),
      code: nullable(string()),
      attempts: nullable(number()),
      nextAttemptAt: nullable(string()),
      deadLetterFile: nullable(string()),
    }),
  ),
});

/** Seconds after which a queue that did not answer is worth asking again. */
const RETRY_AFTER_SECONDS = 5;

/** What a source has taken in and where it is. */
export const SOURCE_DATA_OPERATIONS: readonly Operation[] = [
  workspaceOperation("read", {
    method: "GET",
    path: "/api/v1/sources/:id/metrics",
    summary: "Counters of the source over all its queues, and what waits in each",
    answer: metricsAnswer,
    handle: async ({ workspace, call, params, services }) => {
      const id = params["id"] ?? "";
      const known = await workspace.queues(call, id);
      if (!known.ok || !isChildId("src", id)) return answerWith(known, () => ({}));
      const asked = await Promise.all(
        known.value.map(async (queue) => ({
          queue,
          answer: await askQueue(services.queue(id, queue)),
        })),
      );
      return ok({
        counters: sum(asked.flatMap(({ answer }) => answer?.counters ?? [])),
        queues: asked.map(({ queue, answer }) => ({ ...queue, ...viewStatus(answer?.status) })),
      });
    },
  }),
  workspaceOperation("read", {
    method: "GET",
    path: "/api/v1/sources/:id/events/:messageId",
    summary:
      "Where an event of the deduplication window is: its queue, its archive file, and what became of it at each destination",
    answer: eventAnswer,
    handle: async ({ workspace, call, params, services }) => {
      const id = params["id"] ?? "";
      const known = await workspace.queues(call, id);
      if (!known.ok || !isChildId("src", id)) return answerWith(known, () => ({}));
      const source = await services.sourceConfig(id);
      if (source.kind !== "found") return notAnswered("The workspace did not answer.");
      const { fingerprintKey } = source.config;
      const messageId = decodePart(params["messageId"] ?? "");
      const found = await findEvent(services, { id, fingerprintKey }, known.value, messageId);
      if (found.kind === "found") {
        const { ingestRegion: region, shard, file } = found.event;
        const queue = { ingestRegion: region, shard };
        const { sighting } = found;
        const place = { sourceId: id, queue, messageId, sighting, fileKey: file?.key };
        const answers = await answersOfDestinations(place, { services, workspace, call });
        return ok({ ...found.event, destinations: answers.map(viewAnswer) });
      }
      return found.unreachable > 0
        ? notAnswered(`${found.unreachable} queues did not answer; ask again.`)
        : refuse("not_found", "No event of that messageId was accepted within the window.");
    },
  }),
];

function viewAnswer(answer: DestinationAnswer) {
  const { destinationId, state, code, attempts, nextAttemptAtMs, file } = answer;
  return {
    destinationId,
    state,
    code: code === undefined || code === "" ? null : code,
    attempts: attempts ?? null,
    nextAttemptAt: nextAttemptAtMs === undefined ? null : isoTime(nextAttemptAtMs),
    deadLetterFile: file ?? null,
  };
}

function notAnswered(detail: string) {
  return refuse("unavailable", detail, { retryAfterSeconds: RETRY_AFTER_SECONDS });
}

/** A part of the path as it was before it was encoded; text that is no encoding stays as it is. */
function decodePart(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** What a queue says of itself, or `undefined` when it does not answer: the others still do. */
export async function askQueue(queue: QueuePort) {
  try {
    const [counters, status] = await Promise.all([queue.counters(), queue.status()]);
    return { counters, status };
  } catch {
    return undefined;
  }
}

function viewStatus(status: QueueStatus | undefined) {
  const oldest = status?.oldestWaitingAtMs;
  return {
    state: status === undefined ? ("unreachable" as const) : ("answered" as const),
    waitingEvents: status?.waitingEvents ?? null,
    waitingBytes: status?.waitingBytes ?? null,
    databaseBytes: status?.databaseBytes ?? null,
    oldestWaitingAt: oldest === undefined ? null : isoTime(oldest),
    alert: status?.alert ?? null,
    suspects: status?.suspects ?? null,
  };
}

/** One line per step and code. */
function sum(counters: readonly QueueCounter[]): readonly QueueCounter[] {
  const sums = new Map<string, QueueCounter>();
  for (const { step, code, count } of counters) {
    const key = `${step} ${code}`;
    sums.set(key, { step, code, count: count + (sums.get(key)?.count ?? 0) });
  }
  return [...sums.values()];
}

import { array, nullable, number, object, picklist, string } from "valibot";

import { isChildId } from "../../core/ids.ts";
import { ok } from "../../core/result.ts";
import type { QueueCounter, QueuePort, QueueStatus } from "../../services.ts";
import { isoTime } from "../../workspace/source-view.ts";
import { answerWith, workspaceOperation, type Operation } from "../operation.ts";
import { ingestRegion } from "../schemas.ts";

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
    }),
  ),
});

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
        known.value.map(async (queue) => ({ queue, answer: await ask(services.queue(id, queue)) })),
      );
      return ok({
        counters: sum(asked.flatMap(({ answer }) => answer?.counters ?? [])),
        queues: asked.map(({ queue, answer }) => ({ ...queue, ...viewStatus(answer?.status) })),
      });
    },
  }),
];

/** What a queue says of itself, or `undefined` when it does not answer: the others still do. */
async function ask(queue: QueuePort) {
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

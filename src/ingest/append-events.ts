import type { SourceId } from "../core/ids.ts";
import type { Services } from "../services.ts";
import type { RouteEpoch } from "../workspace/source-config.ts";
import type { Refusal, RefusalCode } from "./answers.ts";
import type { Append, AppendAnswer } from "./append.ts";
import { splitAppend } from "./split-append.ts";

/** How often events follow a route that changed while they were on their way. */
const MOVES_MAX = 3;

/** What a caller waits when a queue gives no time of its own. */
const RETRY_AFTER_MS = 5000;

/** What became of one part; an object that could not be reached gives no answer. */
type Outcome = AppendAnswer | { readonly kind: "unreachable" };

const UNAVAILABLE_MESSAGE = "The region cannot take data now: keep it and send it again";

/**
 * Hands an append to the queues of its source and answers for it as a whole: `undefined` once every
 * part is durable, else why the caller has to send all of it again. Parts that were taken are then
 * recognised by their messageIds.
 */
export async function appendEvents(
  services: Services,
  sourceId: SourceId,
  append: Append,
  route: RouteEpoch,
): Promise<Refusal | undefined> {
  const outcomes = await appendRouted(services, sourceId, append, route, MOVES_MAX);
  return refusalOf(outcomes);
}

async function appendRouted(
  services: Services,
  sourceId: SourceId,
  append: Append,
  route: RouteEpoch,
  movesLeft: number,
): Promise<readonly Outcome[]> {
  const parts = splitAppend({ ...append, epoch: route.n }, route.shards);
  const outcomes = Array.from(parts, async ([shard, part]): Promise<readonly Outcome[]> => {
    const ref = { ingestRegion: route.ingestRegion, shard };
    const answer = await appendOne(services, sourceId, ref, part);
    if (answer.kind !== "moved") return [answer];
    services.learnRoute(sourceId, answer.route);
    if (movesLeft === 0) return [{ kind: "unreachable" }];
    return appendRouted(services, sourceId, part, answer.route, movesLeft - 1);
  });
  return (await Promise.all(outcomes)).flat();
}

async function appendOne(
  services: Services,
  sourceId: SourceId,
  ref: Parameters<Services["queue"]>[1],
  part: Append,
): Promise<Outcome> {
  try {
    return await services.queue(sourceId, ref).append(part);
  } catch {
    // The platform's fault, whose text may quote its input: the caller keeps the data.
    return { kind: "unreachable" };
  }
}

/** Answers that let the caller keep the data come first: the other parts may be taken next time. */
function refusalOf(outcomes: readonly Outcome[]): Refusal | undefined {
  let refusal: Refusal | undefined;
  for (const outcome of outcomes) {
    const next = refusalOfOne(outcome);
    if (next !== undefined && urgency(next.code) > urgency(refusal?.code)) refusal = next;
  }
  return refusal;
}

function urgency(code: RefusalCode | undefined): number {
  if (code === undefined) return 0;
  return code === "unavailable" ? 3 : code === "too_many_requests" ? 2 : 1;
}

function refusalOfOne(outcome: Outcome): Refusal | undefined {
  switch (outcome.kind) {
    case "accepted":
      return undefined;
    case "refused":
      return { code: outcome.code, message: REFUSED_MESSAGES[outcome.code] };
    case "rate-limited":
      return {
        code: "too_many_requests",
        message: "This source is over its rate",
        retryAfterMs: outcome.retryAfterMs,
      };
    case "unavailable":
      return {
        code: "unavailable",
        message: UNAVAILABLE_MESSAGE,
        retryAfterMs: outcome.retryAfterMs,
      };
    case "moved":
    case "unreachable":
      return {
        code: "unavailable",
        message: UNAVAILABLE_MESSAGE,
        retryAfterMs: RETRY_AFTER_MS,
      };
  }
}

const REFUSED_MESSAGES = {
  source_disabled: "This source is disabled",
  write_key_revoked: "This write key was revoked",
  unknown_source: "No source has this write key",
} as const;

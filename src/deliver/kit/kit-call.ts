import { withDeadline } from "../../core/deadline.ts";
import type { Delivery, DeliveryOutcome } from "../deliverer.ts";
import { deliverIsolating } from "../lane/isolate.ts";
import { isUnauthorized, outcomeOfError, outcomeOfNode } from "./kit-failure.ts";
import type { ReadyMapping } from "./kit-mapping.ts";
import type { KitSession } from "./kit-session.ts";
import { refreshTokens, type OnTokens } from "./kit-tokens.ts";

/** One call of an action, requests and all; Segment gives each request as long. */
const CALL_MS_MAX = 10_000;

export type KitCallDeps = {
  readonly now: () => number;
  readonly onTokens?: OnTokens;
};

/**
 * Sends events that one mapping took, in order, to the action of the mapping. An answer for each; a
 * batch that the vendor refuses as a whole is taken apart until the event that spoils it is alone.
 */
export async function callAction(
  session: KitSession,
  mapping: ReadyMapping,
  events: readonly Delivery[],
  signal: AbortSignal,
  deps: KitCallDeps,
): Promise<readonly DeliveryOutcome[]> {
  const outcomes: DeliveryOutcome[] = [];
  for (let from = 0; from < events.length; from += mapping.batchEvents) {
    const part = events.slice(from, from + mapping.batchEvents);
    const isOver = signal.aborted;
    const call = (some: readonly Delivery[]): Promise<readonly DeliveryOutcome[]> =>
      callOnce(session, mapping, some, signal, deps);
    outcomes.push(...(isOver ? part.map(() => TIMED_OUT) : await deliverIsolating(part, call)));
  }
  return outcomes;
}

const USES = ["delivery", "oauth"] as const;

/** The action took the event and asked the vendor for nothing: that is no delivery. */
const NOT_SENT: DeliveryOutcome = { kind: "filtered", code: "FILTERED_AT_MAPPING" };

const TIMED_OUT: DeliveryOutcome = { kind: "retry", code: "ETIMEDOUT" };

/** One call, and a second one with a fresh token when the first was refused for its token. */
async function callOnce(
  session: KitSession,
  mapping: ReadyMapping,
  events: readonly Delivery[],
  signal: AbortSignal,
  deps: KitCallDeps,
): Promise<readonly DeliveryOutcome[]> {
  const fail = (error: unknown): readonly DeliveryOutcome[] =>
    events.map(() => outcomeOfError(error, deps.now()));
  const { access_token: used } = session.tokens;
  try {
    return await perform(session, mapping, events, signal, deps.now);
  } catch (error) {
    if (!isUnauthorized(error) || !session.canRefresh) return fail(error);
  }
  const failed = await refreshTokens(session, used, deps);
  if (failed !== undefined) return events.map(() => failed);
  try {
    return await perform(session, mapping, events, signal, deps.now);
  } catch (error) {
    return fail(error);
  }
}

async function perform(
  session: KitSession,
  mapping: ReadyMapping,
  events: readonly Delivery[],
  signal: AbortSignal,
  now: () => number,
): Promise<readonly DeliveryOutcome[]> {
  try {
    return await withDeadline(CALL_MS_MAX, signal, (limit) =>
      ask(session, mapping, events, limit, now),
    );
  } finally {
    // The kit keeps every answer it ever got, for nobody.
    session.kit.destination.responses.length = 0;
  }
}

async function ask(
  { kit, settings, tokens, within }: KitSession,
  mapping: ReadyMapping,
  events: readonly Delivery[],
  signal: AbortSignal,
  now: () => number,
): Promise<readonly DeliveryOutcome[]> {
  const { destination } = kit;
  const input = {
    mapping: mapping.fields,
    settings,
    auth: { accessToken: tokens.access_token, refreshToken: tokens.refresh_token },
    features: {},
    statsContext: {},
    signal,
  };
  let requests = 0;
  const onRequest = (): void => void requests++;
  const [first] = events;
  if (mapping.batchEvents === 1 && first !== undefined) {
    // Actions change what they are given, and the event is the lane's.
    const event = structuredClone(first.event);
    const one = { ...input, event };
    await within(USES, () => destination.executeAction(mapping.action, one), onRequest);
    return [requests === 0 ? NOT_SENT : { kind: "delivered", status: 200 }];
  }
  const copies = events.map(({ event }) => structuredClone(event));
  const many = { ...input, events: copies };
  const nodes = await within(USES, () => destination.executeBatch(mapping.action, many), onRequest);
  return events.map((_, index) => {
    const outcome = outcomeOfNode(nodes[index], now());
    return requests === 0 && outcome.kind === "delivered" ? NOT_SENT : outcome;
  });
}

import { err, ok, type Result } from "../core/result.ts";
import { SHARDS_MAX } from "../region/object-names.ts";
import type { IngestRegion } from "../region/regions.ts";
import type { Route, RouteEpoch } from "./source-config.ts";

/**
 * The states of a source's route. A change begins the next epoch as `fencing`; once every queue that
 * may still take the earlier epochs has committed its fence, the epoch is `open`. So at no instant
 * do queues of two epochs accept, and no messageId can be taken by both.
 */

/** Epochs remembered at a time; each costs the queues a look at their predecessors. */
export const EARLIER_EPOCHS_MAX = 16;

export type RouteRefusal = {
  readonly kind: "route-change-in-progress" | "too-many-route-changes";
};

/** The route of a new source: epoch 1, open at once, because no queue existed before. */
export function firstRoute(shards: number, ingestRegion: IngestRegion): Route {
  return { n: 1, shards, ingestRegion, state: "open", earlier: [] };
}

/** What a change asks for; what is left out stays. */
export type RouteChange = { readonly shards?: number; readonly ingestRegion?: IngestRegion };

/**
 * Begins the next epoch, or returns the same route when nothing changes.
 *
 * A change is refused while an earlier one is being fenced, and when more epochs would have to be
 * remembered within the window than {@link EARLIER_EPOCHS_MAX}.
 */
export function changeRoute(
  route: Route,
  change: RouteChange,
  nowMs: number,
  windowMs: number,
): Result<Route, RouteRefusal> {
  const shards = change.shards ?? route.shards;
  const ingestRegion = change.ingestRegion ?? route.ingestRegion;
  if (shards === route.shards && ingestRegion === route.ingestRegion) return ok(route);
  if (route.state === "fencing") return err({ kind: "route-change-in-progress" });
  const kept = forgetEarlier(route, nowMs, windowMs).earlier;
  if (kept.length >= EARLIER_EPOCHS_MAX) return err({ kind: "too-many-route-changes" });
  const ended: RouteEpoch = { n: route.n, shards: route.shards, ingestRegion: route.ingestRegion };
  return ok({
    n: route.n + 1,
    shards,
    ingestRegion,
    state: "fencing",
    earlier: [{ ...ended, endedAtMs: nowMs }, ...kept],
  });
}

/**
 * Opens a route whose queues have all confirmed their fences. The epoch before it ended only now:
 * until its fence a queue accepted for it, and the window of what it accepted counts from then.
 */
export function openRoute(route: Route, nowMs: number): Route {
  if (route.state === "open") return route;
  const [ended, ...older] = route.earlier;
  const earlier =
    ended === undefined
      ? older
      : [{ ...ended, endedAtMs: Math.max(ended.endedAtMs, nowMs) }, ...older];
  return { ...route, state: "open", earlier };
}

/** The route without the epochs whose window is over: nothing they accepted is remembered by then. */
export function forgetEarlier(route: Route, nowMs: number, windowMs: number): Route {
  const earlier = route.earlier.filter(
    (epoch, i) => (route.state === "fencing" && i === 0) || epoch.endedAtMs + windowMs > nowMs,
  );
  return earlier.length === route.earlier.length ? route : { ...route, earlier };
}

/**
 * The shards a queue's call for more leads to, or `undefined` when nothing is to be done: each epoch
 * is doubled once, however many of its queues call, and never past {@link SHARDS_MAX}.
 */
export function raisedShards(route: Route, calledForEpoch: number): number | undefined {
  if (route.state === "fencing" || route.n !== calledForEpoch) return undefined;
  return route.shards < SHARDS_MAX ? route.shards * 2 : undefined;
}

/** How soon a queue that could not be fenced is asked again, at first and at the latest. */
export const FENCE_RETRY_MS_MIN = 2000;
export const FENCE_RETRY_MS_MAX = 60_000;

/**
 * How long to wait before the queues of a route that is being fenced are asked again: a quarter of
 * the time it has taken so far, so that a short fault costs little and a long one few alarms.
 */
export function fenceRetryMs(route: Route, nowMs: number): number {
  const elapsedMs = nowMs - (route.earlier[0]?.endedAtMs ?? nowMs);
  return Math.min(Math.max(elapsedMs / 4, FENCE_RETRY_MS_MIN), FENCE_RETRY_MS_MAX);
}

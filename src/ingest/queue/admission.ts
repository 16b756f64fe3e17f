import type { QueueRef, Route, SourceConfig } from "../../workspace/source-config.ts";
import type { Append, AppendAnswer, UnavailableReason } from "../append.ts";

/** What a client is told to wait while something short is going on. */
const RETRY_SOON_MS = 1_000;
const RETRY_CONFIG_MS = 5_000;

/**
 * Whether a queue may take an append under `config`. Called in the same synchronous turn as the
 * INSERT, so that nothing changes between the answer and the commit.
 *
 * @returns `undefined` when it may, else what to answer.
 */
export function refusal(
  append: Pick<Append, "epoch" | "keyVersion" | "ends">,
  config: SourceConfig,
  self: QueueRef,
  fencedBelow: number,
): AppendAnswer | undefined {
  const { route } = config;
  // Counts of what was refused have to be kept even when the source takes no events.
  if (append.ends.length === 0) return undefined;
  if (!config.enabled) return { kind: "refused", code: "source_disabled" };
  if (!config.keyVersions.includes(append.keyVersion)) {
    return { kind: "refused", code: "write_key_revoked" };
  }
  const mine = route.ingestRegion === self.ingestRegion && self.shard < route.shards;
  if (append.epoch < route.n || append.epoch < fencedBelow || !mine)
    return { kind: "moved", route };
  return isUnopened(append.epoch, route) ? unavailable("opening") : undefined;
}

/** Whether queues of earlier epochs may still take events of a request that was routed by `epoch`. */
export function isUnopened(epoch: number, route: Route): boolean {
  return epoch > route.n || (epoch === route.n && route.state === "fencing");
}

/** The answer that makes a client keep its data. */
export function unavailable(reason: UnavailableReason): AppendAnswer {
  const retryAfterMs =
    reason === "opening" || reason === "memory" ? RETRY_SOON_MS : RETRY_CONFIG_MS;
  return { kind: "unavailable", reason, retryAfterMs };
}

import type { ConfigLease } from "../../workspace/config-lease.ts";
import type { QueueRef } from "../../workspace/source-config.ts";
import type { Append, AppendAnswer } from "../append.ts";
import { isUnopened, unavailable } from "./admission.ts";
import type { Gather } from "./gather.ts";
import { livePredecessors } from "./predecessors.ts";

export type AdmitDeps = {
  readonly self: QueueRef;
  readonly windowMs: number;
  readonly lease: Pick<ConfigLease, "current" | "get" | "refresh">;
  readonly gather: Pick<Gather, "submit">;
  /** Which of the fingerprints these queues know; `undefined` when one could not be asked. */
  ask(queues: readonly QueueRef[], prints: Uint8Array): Promise<Uint8Array | undefined>;
  now(): number;
};

/**
 * What an append has to pass before its commit, and may wait for: a config, and the queues of
 * earlier epochs. The commit itself decides again by what holds then.
 */
export async function admit(append: Append, deps: AdmitDeps): Promise<AppendAnswer> {
  const { self, lease, gather } = deps;
  if (append.ends.length === 0) {
    // Asking for the config makes this queue known, so that what it counts is seen.
    if (lease.current === undefined) await lease.get();
    return gather.submit({ append, knownElsewhere: undefined });
  }
  let leased = await lease.get();
  if (leased.kind === "found" && append.epoch > leased.config.route.n) {
    leased = await lease.refresh();
  }
  if (leased.kind === "unknown") return { kind: "refused", code: "unknown_source" };
  if (leased.kind === "unavailable") return unavailable("config");
  const { route } = leased.config;
  // Predecessors are asked once the epoch is open: before, they may take an id after their answer,
  // and the epoch may open before this event is committed.
  if (isUnopened(append.epoch, route)) return unavailable("opening");
  const predecessors = livePredecessors(self, route, deps.windowMs, deps.now());
  if (predecessors.length === 0) return gather.submit({ append, knownElsewhere: undefined });
  const knownElsewhere = await deps.ask(predecessors, append.prints);
  if (knownElsewhere === undefined) return unavailable("predecessor");
  // Their answers may have taken longer than the config may serve.
  await lease.get();
  return gather.submit({ append, knownElsewhere });
}

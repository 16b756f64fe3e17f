import type { Suppressions } from "../src/ingest/queue/suppressions.ts";
import type { ConfigLease, Leased } from "../src/workspace/config-lease.ts";
import type { GuardedLease } from "./guarded-lease.ts";

/** What an append asks of its queue's lease. */
export type SuppressingLease = Pick<ConfigLease, "current" | "get" | "refresh">;

/**
 * The lease as appends may use it: a config counts only once the version of the suppressions that it
 * names is loaded. So a new queue, or one after a restart, stores nothing before it knows whom to
 * leave out, and the client keeps its events until then. Nor does one whose storage was set back.
 */
export function suppressingLease(
  lease: GuardedLease,
  suppressions: Suppressions,
): SuppressingLease {
  const followed = async (leased: Leased): Promise<Leased> => {
    if (leased.kind !== "found") return leased;
    const isHeld = await suppressions.follow(leased.config.suppressions);
    return isHeld && lease.admits ? leased : { kind: "unavailable" };
  };
  return {
    get current() {
      const config = lease.current;
      const isHeld = suppressions.holds(config?.suppressions);
      return isHeld && lease.admits ? config : undefined;
    },
    get: async () => followed(await lease.get()),
    refresh: async () => followed(await lease.refresh()),
  };
}

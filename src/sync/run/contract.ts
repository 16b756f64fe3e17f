import type { FullSyncReason } from "./run.ts";
import type { Sync } from "../sync.ts";

/** What the state of a sync was made with; kept once a run completed. */
export type SyncContract = {
  /** Of the mappings: fields, constants, templates, columns. */
  readonly mapping: string;
  /** Of the source's own hashing, e.g. the server's major version. */
  readonly source: string;
  /** Where records went. */
  readonly destination: string;
  /** The key's columns, as JSON: entries of other columns are no keys of this sync any more. */
  readonly key: string;
  /** What records were sent for; absent in contracts of older code, and equal to any then. */
  readonly behaviour?: string;
  /** No run came to its end with it; it is what the very first one began with. */
  readonly isBegun?: boolean;
};

/** The contract of the first run, which holds from its first record on: before it there were none. */
export function firstContract(now: SyncContract): SyncContract {
  return { ...now, isBegun: true };
}

/**
 * What is held once a run sends under another contract: until one sends everything, nobody knows
 * which record was sent as what, also if somebody changes the sync back.
 */
export function mixedContract(held: SyncContract, now: SyncContract): SyncContract {
  const same = (name: "mapping" | "destination"): string =>
    held[name] === now[name] ? held[name] : "several";
  const mixed = { ...held, mapping: same("mapping"), destination: same("destination") };
  return isOtherBehaviour(held, now) ? { ...mixed, behaviour: "several" } : mixed;
}

/** Whether what a run found was found for other fields, another place or purpose than are asked for now. */
export function isOtherContract(
  found: SyncContract,
  now: Pick<SyncContract, "mapping" | "destination" | "behaviour">,
): boolean {
  return (
    found.mapping !== now.mapping ||
    found.destination !== now.destination ||
    isOtherBehaviour(found, now)
  );
}

type Purpose = Pick<SyncContract, "behaviour">;

function isOtherBehaviour(held: Purpose, { behaviour }: Purpose): boolean {
  return held.behaviour !== undefined && held.behaviour !== behaviour;
}

/** Behaviours under which the destination has each accepted row as the source has it. */
const WHOLE: readonly unknown[] = ["upsert", "mirror"];

/** Whether what was accepted says nothing of what is to be sent now. */
function isOtherPurpose(held: Purpose, now: Purpose): boolean {
  if (!isOtherBehaviour(held, now)) return false;
  // A mirror has to know the keys of what it takes away later, which no other behaviour keeps.
  const isMore = now.behaviour === "mirror" || now.behaviour === "delete";
  return isMore || !WHOLE.includes(held.behaviour);
}

export type FullSyncGround = {
  readonly held: SyncContract | undefined;
  readonly now: SyncContract;
  readonly isRequested: boolean;
  /** Keys that the destination accepted. */
  readonly accepted: number;
  /** Whether a record is sent once in its life, whatever its mapping becomes: an append's. */
  readonly isOnce: boolean;
};

/**
 * Why a run sends all rows whatever was accepted; `undefined` when it sends what became different. That
 * a server hashes differently is no reason: rows whose text stayed the same have the same hash, and
 * where that is not so the guard against a mass of changes stops the run.
 */
export function fullSyncReason(ground: FullSyncGround): FullSyncReason | undefined {
  const { held, now, isRequested, accepted, isOnce } = ground;
  if (isRequested) return "requested";
  if (held === undefined) return accepted === 0 ? "first_run" : "state_lost";
  if (held.destination !== now.destination) return "destination_changed";
  if (held.mapping !== now.mapping && !isOnce) return "mapping_changed";
  if (isOtherPurpose(held, now) && !isOnce) return "behaviour_changed";
  // What is left of it is all that was not accepted.
  return held.isBegun === true ? "first_run" : undefined;
}

/** Where a sync's records go, as its contract has it. */
export function destinationContract({ destination }: Pick<Sync, "destination">): string {
  const id = "connectionId" in destination ? destination.connectionId : destination.destinationId;
  return `${id} ${destination.object}`;
}

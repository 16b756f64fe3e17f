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
};

export type FullSyncGround = {
  readonly held: SyncContract | undefined;
  readonly now: SyncContract;
  readonly isRequested: boolean;
  /** Keys that the destination accepted. */
  readonly accepted: number;
};

/**
 * Why a run sends all rows whatever was accepted; `undefined` when it sends what became different. That
 * a server hashes differently is no reason: rows whose text stayed the same have the same hash, and
 * where that is not so the guard against a mass of changes stops the run.
 */
export function fullSyncReason(ground: FullSyncGround): FullSyncReason | undefined {
  const { held, now, isRequested, accepted } = ground;
  if (isRequested) return "requested";
  if (held === undefined) return accepted === 0 ? "first_run" : "state_lost";
  if (held.destination !== now.destination) return "destination_changed";
  if (held.mapping !== now.mapping) return "mapping_changed";
  return undefined;
}

/** Where a sync's records go, as its contract has it. */
export function destinationContract({ destination }: Pick<Sync, "destination">): string {
  const id = "connectionId" in destination ? destination.connectionId : destination.destinationId;
  return `${id} ${destination.object}`;
}

import { readStored } from "../src/core/stored-json.ts";
import type { ConnectionId } from "../src/sync/sync.ts";
import type { SyncStorage } from "./storage/sync-storage.ts";

/** Connections whose buckets changed rows were put into, so that a deletion finds what was left there. */
const UNLOADS = "unloads";
/** The platform's own bucket, as the object keeps it. */
const PLATFORM = "platform";

type Kept = Pick<SyncStorage, "get" | "set" | "forget" | "transaction">;

function unloadOf(runId: string): string {
  return `unload ${runId}`;
}

/**
 * The connection whose bucket takes the changed rows of a run, `undefined` for the platform's: as it
 * was when the run began, because what it put there has to be read and removed there.
 */
export function takeUnload(
  storage: Kept,
  runId: string,
  wanted: ConnectionId | undefined,
): ConnectionId | undefined {
  if (storage.get(unloadOf(runId)) !== undefined) return heldUnload(storage, runId, wanted);
  storage.transaction(() => {
    storage.set(unloadOf(runId), wanted ?? PLATFORM);
    if (wanted !== undefined) {
      storage.set(UNLOADS, JSON.stringify([...new Set([...unloads(storage), wanted])]));
    }
  });
  return wanted;
}

/** The same of a run that goes on or ends; `wanted` where it has not chosen yet, or older code did. */
export function heldUnload(
  storage: Pick<Kept, "get">,
  runId: string,
  wanted: ConnectionId | undefined,
): ConnectionId | undefined {
  const held = storage.get(unloadOf(runId));
  if (held === undefined) return wanted;
  return held === PLATFORM ? undefined : (held as ConnectionId);
}

/** The run is over. */
export function closeUnload(storage: Kept, runId: string): void {
  storage.forget(unloadOf(runId));
}

/** Connections whose buckets may hold what a run left behind. */
export function unloads(storage: Pick<Kept, "get">): readonly ConnectionId[] {
  const text = storage.get(UNLOADS);
  return text === undefined ? [] : readStored<readonly ConnectionId[]>(text);
}

/** Forgets connections that are gone: nobody can look into their buckets any more. */
export function forgetUnloads(storage: Kept, gone: readonly ConnectionId[]): void {
  const left = unloads(storage).filter((id) => !gone.includes(id));
  if (left.length === 0) storage.forget(UNLOADS);
  else storage.set(UNLOADS, JSON.stringify(left));
}

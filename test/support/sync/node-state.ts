import {
  SYNC_STATE_SQL,
  SyncStateTable,
} from "../../../durable-objects/storage/sync-state-table.ts";
import { SyncState, type StateLimits } from "../../../src/sync/engine/state/sync-state.ts";
import { NodeStorage } from "../node-storage.ts";

/** The state of a sync on Node's own SQLite, with the tables that an object has. */
export function nodeState(
  storage = new NodeStorage(),
  limits?: StateLimits,
): {
  readonly state: SyncState;
  readonly storage: NodeStorage;
} {
  if (!storage.tables().includes("state_pages")) storage.sql.exec(SYNC_STATE_SQL);
  return { state: new SyncState(new SyncStateTable(storage.sql), limits), storage };
}

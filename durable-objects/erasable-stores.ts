import type { SourceId } from "../src/core/ids.ts";
import type { ErasableStore } from "../src/regulation/stores.ts";
import type { Sync } from "../src/sync/sync.ts";
import type { Reach } from "./reach.ts";
import type { WorkspaceTurn } from "./workspace-turn.ts";

/** What an erasable store is made of. */
export type ErasableStoreDeps = { readonly turn: WorkspaceTurn; readonly reach: Reach };

/**
 * Stores of a workspace that take part in deletions beside its archives, queues, lanes, replays and
 * destinations; how one joins: `src/regulation/stores.ts`.
 */
export function erasableStores({ turn, reach }: ErasableStoreDeps): readonly ErasableStore[] {
  return [syncs(turn, reach), subjectAccess(turn, reach)];
}

/** What syncs keep of rows: state, samples, reports, and changed rows on their way. */
function syncs(turn: WorkspaceTurn, reach: Reach): ErasableStore {
  const all = (): readonly Sync[] => turn.syncs.all();
  return {
    name: "syncs",
    covers: [
      "Sync state",
      "Sync samples",
      "Sync log_parts",
      "Sync state_pages",
      "Sync state_chunks",
      "Sync spilled_rows",
      "S3 homeport-syncs/",
      "S3 homeport-sync-logs/",
      "SourceDatabase homeport.sync_log",
    ],
    // What is forgotten of one source only is events; rows of a warehouse are of no source.
    units: ({ sourceId }) => (sourceId === undefined ? all().map(({ id }) => id) : []),
    erase: async (unit, deletion) => {
      const sync = all().find(({ id }) => id === unit);
      if (sync === undefined) return { isOver: true, erased: 0 };
      return reach.sync(sync.id).erase(deletion, sync);
    },
  };
}

/** Files of exports that were made before the deletion; one in which somebody is named goes whole. */
function subjectAccess(turn: WorkspaceTurn, reach: Reach): ErasableStore {
  return {
    name: "subject-access",
    covers: ["S3 subject-access/"],
    units: ({ sourceId }) => (sourceId === undefined ? turn.tables.sourceIds() : [sourceId]),
    erase: async (unit, deletion) => {
      const { regulationId, subjectType, subjectIds, linkedAnonymousIds: linkedIds } = deletion;
      const archive = reach.archive(unit as SourceId);
      // No key: whom a line names is decided by reading it.
      const request = { regulationId, subjectType, subjectIds, linkedIds, fingerprintKey: "" };
      return archive.eraseExports(request, deletion.position);
    },
  };
}

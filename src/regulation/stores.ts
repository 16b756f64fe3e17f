import type { RegulationId, SourceId } from "../core/ids.ts";
import type { SubjectType } from "./regulation.ts";

/** Whom a deletion takes out, and where. */
export type StoreDeletion = {
  readonly regulationId: RegulationId;
  readonly subjectType: SubjectType;
  readonly subjectIds: readonly string[];
  /** Values of `anonymousId` that were found beside the users' ids and go with them; mostly none. */
  readonly linkedAnonymousIds: readonly string[];
  /** The one source it is about; all of the workspace when absent. */
  readonly sourceId?: SourceId;
  /** What the unit answered last, to go on from; absent at the beginning. */
  readonly position?: string;
};

/** How far a unit is. */
export type StoreErased = {
  /**
   * Says that nothing of the users is left: everything was gone through to its end, what was under way
   * when the deletion began has ended, and pages that were given free are overwritten
   * (`scrubStorage` of `src/core/scrub-storage.ts`).
   */
  readonly isOver: boolean;
  /** Where to go on, when it is not over. Keep it under 10 kB, and free of ids of users. */
  readonly position?: string;
  /** Rows or events that were taken out; added to the counts of the regulation. */
  readonly erased: number;
  /** A code, when the store could not do it and never will: the regulation is PARTIAL_SUCCESS then. */
  readonly failed?: string;
};

/**
 * A kind of store that holds users' data and that the steps of a regulation do not know by
 * themselves, for example what syncs keep. How one takes part in deletions:
 *
 * 1. Make an `ErasableStore` beside the Durable Objects: it names its units and asks the object of each.
 * 2. Add it to the list in `durable-objects/erasable-stores.ts`. Regulations whose effect is
 *    `internal` or `all` then go through its units in the step `stores`, before destinations are
 *    asked, and once more in the step `verify`, where every unit has to answer `erased: 0`.
 * 3. Name the rows of `docs/data-map.md` that it covers; `test/e2e/every-store.test.ts` fails while a
 *    row that may hold events or ids of users is covered by nobody.
 *
 * Every call may be repeated after a kill, and is made again until it answers `isOver`. It throws
 * when what it needs does not answer; nothing of what was thrown is kept or shown.
 */
export type ErasableStore = {
  /** Shown as the name of its part of a regulation, e.g. `syncs`. */
  readonly name: string;
  /** Tables and prefixes as docs/data-map.md has them, e.g. `SyncShard state`, `S3 sync-data/`. */
  readonly covers: readonly string[];
  /** Names of ours, one for each object or folder that may hold the users; all that ever existed. */
  units(scope: { readonly sourceId?: SourceId }): readonly string[];
  /** Takes the users out of one unit, as far as about 15 seconds go. */
  erase(unit: string, deletion: StoreDeletion): Promise<StoreErased>;
};

import { freeBytes } from "../../../core/free-bytes.ts";
import { PRINT_BYTES } from "../../append.ts";
import { chooseMerge } from "./choose-merge.ts";
import type { DedupStorage } from "./dedup-storage.ts";
import { isolateFilters, type FilterAccount } from "./filter-account.ts";
import { LiveRuns } from "./live-runs.ts";
import { advanceMerge, startMerge } from "./merge.ts";
import { RecentIds } from "./recent-ids.ts";
import { RECORD_WORDS, sortRecords } from "./records.ts";
import {
  createRegistry,
  currentMerge,
  deleteMerge,
  insertRun,
  runsIn,
  setPagesLeft,
  setState,
  type Merge,
} from "./registry.ts";
import { dropLastTable, pagesFor, writeRun, type Run } from "./run.ts";
import { DEDUP_SIZES, RUNS_PER_WINDOW, type DedupSizes } from "./sizes.ts";

export type DeduplicationOptions = {
  /** How long an id is remembered at least. */
  readonly windowMs: number;
  /** Where the memory of filters is booked; by default the account of the isolate. */
  readonly filters?: FilterAccount;
  readonly sizes?: DedupSizes;
};

/** The times of the oldest and of the newest id of a pack. */
export type PackTimes = { readonly firstAtMs: number; readonly lastAtMs: number };

/** What a committed pack still has to do in memory. */
export interface Packing {
  readonly ids: number;
  /** To be called once the transaction is committed, and not at all when it was rolled back. */
  settle(): void;
}

/**
 * Says of every messageId, by its fingerprint, whether it was seen within the window: exactly, with
 * memory that does not grow with the volume. New ids are in a table in memory, which the caller's
 * log can rebuild; packed ids are in sorted runs on disk, each with a filter that spares most of
 * the reads. Runs are merged in slices and dropped as a whole, so an id is known for the window and
 * at most a quarter of it longer.
 */
export class Deduplication {
  readonly #storage: DedupStorage;
  readonly #windowMs: number;
  readonly #sizes: DedupSizes;
  readonly #live: LiveRuns;
  readonly #recent = new RecentIds();
  #dropping: Run[] = [];
  #merge: Merge | undefined;

  constructor(storage: DedupStorage, options: DeduplicationOptions) {
    this.#storage = storage;
    this.#windowMs = options.windowMs;
    this.#sizes = options.sizes ?? DEDUP_SIZES;
    this.#live = new LiveRuns(storage, this.#sizes, options.filters ?? isolateFilters);
  }

  /** Ids in memory; {@link RECENT_IDS_MAX} at most. */
  get unpackedCount(): number {
    return this.#recent.size;
  }

  /** What the ids take that are not packed, with room for more. */
  get recentBytes(): number {
    return this.#recent.bytes;
  }

  /** What this object holds for good; a merge takes about 8 MB more for moments. */
  get bytesInMemory(): number {
    return this.#recent.bytes + this.#live.filterBytes;
  }

  /** Runs that a lookup may have to read. */
  get runCount(): number {
    return this.#live.runs.length;
  }

  /**
   * Starts from what storage holds. Afterwards the caller adds the ids of its log that are not
   * packed, since those were in memory only.
   */
  load(nowMs: number): void {
    this.release();
    this.#storage.transactionSync(() => createRegistry(this.#storage));
    this.#recent.clear();
    this.#merge = currentMerge(this.#storage);
    this.#dropping = runsIn(this.#storage, "dropping");
    this.#live.replace(this.#live.runs, runsIn(this.#storage, "live"));
    this.expire(nowMs);
    this.#live.loadFilters();
  }

  /** Gives the memory of the filters back; lookups stay right and become slower. */
  release(): void {
    this.#live.dropFilters();
  }

  /** Gives back what is kept for more ids than there are. */
  trim(): void {
    this.#recent.forgetUpTo(-1, true);
  }

  /** Whether the fingerprint at `index` is known. */
  has(prints: Uint8Array, index: number): boolean {
    return this.ordinalOf(prints, index) !== undefined;
  }

  /** The ordinal under which the fingerprint at `index` was added. */
  ordinalOf(prints: Uint8Array, index = 0): number | undefined {
    const recent = this.#recent.ordinalOf(prints, index);
    if (recent !== undefined) return recent;
    let packed: number | undefined;
    this.#live.search(prints, [index], (_index, ordinal) => (packed = ordinal));
    return packed;
  }

  /**
   * Sets `out[i]` to 1 when the i-th fingerprint is known, else to 0. One query a run
   * serves many of them. Duplicates within `prints` are found by {@link add}.
   */
  hasMany(prints: Uint8Array, out: Uint8Array): void {
    const count = prints.length / PRINT_BYTES;
    const unknown: number[] = [];
    for (let i = 0; i < count; i++) {
      const isRecent = this.#recent.ordinalOf(prints, i) !== undefined;
      out[i] = isRecent ? 1 : 0;
      if (!isRecent) unknown.push(i);
    }
    this.#live.search(prints, unknown, (index) => (out[index] = 1));
  }

  /**
   * Remembers an id, in memory only: the caller's own log holds it. To be called when the id's
   * transaction is committed, or undone by {@link remove} when that is rolled back. Answers false
   * when the id is in memory already, so that after {@link hasMany} in the same turn it also finds
   * the duplicates within one batch, without reading storage again.
   */
  add(prints: Uint8Array, index: number, ordinal: number): boolean {
    return this.#recent.add(prints, index, ordinal);
  }

  /** Undoes an {@link add}; ids that are packed stay. */
  remove(prints: Uint8Array, index: number): void {
    this.#recent.remove(prints, index);
  }

  /**
   * Writes the ids with ordinals up to this one as a run, inside the caller's transaction. In
   * memory nothing changes before `settle`, so a transaction that is rolled back needs no undoing;
   * no id with such an ordinal may be added in between. With `isScarce` no room is kept for more ids.
   */
  pack(ordinal: number, times: PackTimes, isScarce = false): Packing {
    const unsorted = this.#recent.recordsUpTo(ordinal);
    const records = sortRecords(unsorted);
    freeBytes(unsorted);
    const ids = records.length / RECORD_WORDS;
    if (ids === 0) return { ids, settle: () => void this.#recent.forgetUpTo(ordinal, isScarce) };
    const run = insertRun(this.#storage, "live", {
      ...times,
      level: 0,
      pages: pagesFor(ids, this.#sizes),
      ids,
    });
    writeRun(this.#storage, this.#sizes, run, records);
    freeBytes(records);
    const settle = (): void => {
      const forgotten = this.#recent.forgetUpTo(ordinal, isScarce);
      if (forgotten !== ids) {
        throw new Error(`Cannot settle a pack of ${ids} ids: ${forgotten} were up to its ordinal`);
      }
      this.#live.replace([], [run]);
      this.#live.loadFilters();
    };
    return { ids, settle };
  }

  /** Forgets the runs whose newest id is older than the window; their tables go slice by slice. */
  expire(nowMs: number): void {
    const before = nowMs - this.#windowMs;
    const merge = this.#merge;
    if (merge !== undefined && merge.output.lastAtMs < before) {
      this.#storage.transactionSync(() => {
        deleteMerge(this.#storage);
        setState(this.#storage, merge.output.id, "dropping");
      });
      this.#merge = undefined;
      this.#dropping.push(merge.output);
    }
    const old = this.#live.runs.filter((run) => run.lastAtMs < before);
    if (old.length === 0) return;
    this.#storage.transactionSync(() => {
      for (const run of old) setState(this.#storage, run.id, "dropping");
    });
    this.#dropping.push(...old);
    this.#live.replace(old, []);
    this.#live.loadFilters();
  }

  /**
   * Expires what is due and does a bounded piece of the work that waits: drops a table of a run
   * that is gone, or writes a slice of a merge. In transactions of its own. Answers whether more
   * work waits.
   */
  mergeSlice(nowMs: number): boolean {
    this.expire(nowMs);
    const [gone] = this.#dropping;
    if (gone === undefined) this.#advance();
    else this.#dropTable(gone);
    return this.mergePending;
  }

  /** Whether {@link mergeSlice} has anything to do, expiry apart. */
  get mergePending(): boolean {
    return this.#dropping.length > 0 || this.#merge !== undefined || this.#next() !== undefined;
  }

  /** When the next run leaves the window; absent while there is none. */
  get nextExpiryMs(): number | undefined {
    const oldest = this.#live.runs.at(-1);
    return oldest === undefined ? undefined : oldest.lastAtMs + this.#windowMs + 1;
  }

  #next(): readonly Run[] | undefined {
    const spanMaxMs = this.#windowMs / RUNS_PER_WINDOW;
    return chooseMerge(this.#live.runs, this.#sizes.fanIn, spanMaxMs);
  }

  #dropTable(gone: Run): void {
    const pages = this.#storage.transactionSync(() => {
      const left = dropLastTable(this.#storage, this.#sizes, gone.id, gone.pages);
      setPagesLeft(this.#storage, gone.id, left);
      return left;
    });
    this.#dropping = this.#dropping.slice(1);
    if (pages > 0) this.#dropping.unshift({ ...gone, pages });
  }

  #advance(): void {
    const chosen = this.#merge === undefined ? this.#next() : this.#inputsOf(this.#merge);
    if (chosen === undefined) return;
    const { merge, rest } = this.#storage.transactionSync(() => {
      const current = this.#merge ?? startMerge(this.#storage, this.#sizes, chosen);
      return {
        merge: current,
        rest: advanceMerge(this.#storage, this.#sizes, current, chosen),
      };
    });
    this.#merge = rest;
    if (rest !== undefined) return;
    this.#dropping.push(...chosen);
    this.#live.replace(chosen, [merge.output]);
    this.#live.loadFilters();
  }

  #inputsOf(merge: Merge): readonly Run[] {
    return this.#live.runs.filter((run) => merge.inputs.includes(run.id));
  }
}

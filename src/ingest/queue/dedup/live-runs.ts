import { freeBytes } from "../../../core/free-bytes.ts";
import type { DedupStorage } from "./dedup-storage.ts";
import type { FilterAccount, FilterShare } from "./filter-account.ts";
import { filterBytes, mayHold, type Filter, type FilterShape } from "./filter.ts";
import { lookUp, type Found } from "./look-up.ts";
import { printWord } from "./records.ts";
import { readFilter, shapeOf, type Run } from "./run.ts";
import type { DedupSizes } from "./sizes.ts";

type LiveRun = { readonly run: Run; readonly shape: FilterShape; filter: Filter | undefined };

/**
 * The runs that lookups read, and those of their filters for which the account has room. A run
 * without a filter in memory is simply read: filters spare time and decide nothing.
 */
export class LiveRuns {
  readonly #storage: DedupStorage;
  readonly #sizes: DedupSizes;
  readonly #share: FilterShare;
  /** Newest first, since most duplicates come soon after the original. */
  #live: LiveRun[] = [];

  constructor(storage: DedupStorage, sizes: DedupSizes, filters: FilterAccount) {
    this.#storage = storage;
    this.#sizes = sizes;
    this.#share = filters.open(this);
  }

  get runs(): readonly Run[] {
    return this.#live.map(({ run }) => run);
  }

  get filterBytes(): number {
    return this.#share.bytes;
  }

  /** Takes runs out, with the memory of their filters, and puts others in. */
  replace(gone: readonly Run[], fresh: readonly Run[]): void {
    const ids = new Set(gone.map((run) => run.id));
    const kept: LiveRun[] = [];
    for (const live of this.#live) {
      if (ids.has(live.run.id)) this.#dropFilter(live);
      else kept.push(live);
    }
    for (const run of fresh)
      kept.push({ run, shape: shapeOf(run, this.#sizes), filter: undefined });
    this.#live = kept.sort((a, b) => b.run.lastAtMs - a.run.lastAtMs);
  }

  /** Loads filters while the account has room, the smallest first: they spare most per byte. */
  loadFilters(): void {
    const missing = this.#live.filter(({ filter }) => filter === undefined);
    for (const live of missing.sort((a, b) => a.run.ids - b.run.ids)) {
      if (!this.#share.reserve(filterBytes(live.shape))) return;
      live.filter = readFilter(this.#storage, live.run);
    }
  }

  dropFilters(): void {
    for (const live of this.#live) this.#dropFilter(live);
  }

  /** Looks the fingerprints at `wanted` up and tells of each that is found, once. */
  search(prints: Uint8Array, wanted: readonly number[], found: Found): void {
    if (this.#live.length === 0 || wanted.length === 0) return;
    let open = wanted;
    for (const live of this.#live) {
      const candidates = open.filter((index) => mayBeIn(live, prints, index));
      if (candidates.length === 0) continue;
      // In the order of the pages, so that what is near on disk is read together.
      candidates.sort((a, b) => printWord(prints, a, 0) - printWord(prints, b, 0));
      const done = new Set<number>();
      lookUp(this.#storage, this.#sizes, live.run, prints, candidates, (index, ordinal) => {
        found(index, ordinal);
        done.add(index);
      });
      if (done.size > 0) open = open.filter((index) => !done.has(index));
    }
  }

  #dropFilter(live: LiveRun): void {
    if (live.filter === undefined) return;
    this.#share.release(filterBytes(live.shape));
    freeBytes(...live.filter);
    live.filter = undefined;
  }
}

function mayBeIn({ shape, filter }: LiveRun, prints: Uint8Array, index: number): boolean {
  if (filter === undefined) return true;
  return mayHold(
    filter,
    shape,
    printWord(prints, index, 0),
    printWord(prints, index, 1),
    printWord(prints, index, 2),
  );
}

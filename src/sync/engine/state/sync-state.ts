import type { Accepted } from "../change.ts";
import type { Known } from "../verdict.ts";
import { appendRun } from "./log.ts";
import { foldInto, withoutKey } from "./fold.ts";
import { blockCursor, runCursor, type BlockCursor } from "./cursors.ts";
import { Merged } from "./merged.ts";
import {
  ENTRY_WORDS,
  MARK,
  PackedBuilder,
  PREFIX_BITS,
  PREFIX_END,
  prefixAt,
  prefixOf,
  writeKey,
  writeRowHash,
  type Packed,
} from "./packed.ts";
import { sortOrder } from "./sort-order.ts";
import { StateReader } from "./state-reader.ts";
import type { StateCounts, StateRun, StateStore } from "./state-store.ts";

/** What writing is weighed by; tests take smaller ones. */
export type StateLimits = {
  /** Entries of the log that are folded into the pages at once: from this on, and from this share of the state on. */
  readonly foldEntriesMin: number;
  readonly foldShare: number;
  /** Pages that are rewritten in one transaction. */
  readonly slicePages: number;
  /** Accepted entries that a page has to take for the log to be left out. */
  readonly denseEntriesPerPage: number;
};

const LIMITS: StateLimits = {
  foldEntriesMin: 10_000,
  foldShare: 1 / 8,
  // 6 MB.
  slicePages: 250,
  denseEntriesPerPage: 200,
};

const FOLD_ENTRIES_MAX = 4_000_000;

/** Runs of the log that are on their way into the pages. */
type Fold = { readonly runs: readonly StateRun[]; readonly merged: Merged };

/**
 * What was accepted by the destination of one sync: what the next diff compares with. Whoever writes
 * calls within a transaction of its own.
 */
export class SyncState {
  readonly store: StateStore;
  readonly #limits: StateLimits;
  /** Changes with every write, so that readers look again. */
  version = 0;
  #fold: Fold | undefined;
  #counted: { readonly version: number; readonly counts: StateCounts } | undefined;

  constructor(store: StateStore, limits = LIMITS) {
    this.store = store;
    this.#limits = limits;
  }

  /** Records what was accepted; of a key that comes twice the later counts. Any order will do. */
  accept(accepted: readonly Accepted[]): void {
    if (accepted.length === 0) return;
    this.#wrote();
    const builder = sorted(accepted);
    if (this.#isDense(builder)) foldInto(this.store, entriesOf(builder), Number.MAX_SAFE_INTEGER);
    else appendRun(this.store, builder);
  }

  /** Entries in the order of their keys, from the first after the key hash `after` on. */
  read(after?: string): StateReader {
    return new StateReader(this, after);
  }

  /** What was accepted of one key. */
  find(keyHash: string): Known | undefined {
    const reader = new StateReader(this, undefined, prefixOf(keyHash));
    while (!reader.isDone && reader.keyHash < keyHash) reader.advance();
    if (reader.isDone || reader.keyHash !== keyHash) return undefined;
    const { rowHash, isRemembered, key } = reader;
    return { keyHash, rowHash, isRemembered, key };
  }

  /**
   * The sums of `count` buckets of `bits` bits from the bucket `first` on, without what is only
   * remembered: what a source's `BucketSums` are, were it to have just the rows that were accepted.
   */
  sums(bits: number, first: number, count: number): BigUint64Array {
    const width = 2 ** (PREFIX_BITS - bits);
    const counts = new Uint32Array(count);
    const sums = new BigUint64Array(count);
    const halves = new Uint32Array(sums.buffer);
    const reader = new StateReader(this, undefined, first * width);
    for (const end = (first + count) * width; reader.prefix < end; reader.advance()) {
      if (reader.isRemembered) continue;
      const bucket = Math.floor(reader.prefix / width) - first;
      counts[bucket] = (counts[bucket] ?? 0) + 1;
      reader.xorInto(halves, 2 * bucket);
    }
    for (let i = 0; i < count; i++) halves[2 * i] = (halves[2 * i] ?? 0) ^ (counts[i] ?? 0);
    return sums;
  }

  /** Keys that are accepted; see {@link counts}. */
  count(): number {
    return this.counts().there;
  }

  /** How many keys are accepted, and how many only remembered; exact, by reading all where it has to. */
  counts(): StateCounts {
    if (this.#counted?.version === this.version) return this.#counted.counts;
    const counts = this.store.runs().length === 0 ? this.store.counts() : this.#count();
    this.#counted = { version: this.version, counts };
    return counts;
  }

  /**
   * Brings a slice of the log into the pages, once it is large enough; true while more waits. The caller
   * gives others a turn in between. Whatever is written meanwhile makes it begin anew.
   */
  tidy(): boolean {
    this.#fold ??= this.#foldDue();
    if (this.#fold === undefined) return false;
    const { runs, merged } = this.#fold;
    // Where it ends early, what was folded is rolled back, and the place would be too far.
    this.#fold = undefined;
    foldInto(this.store, merged, this.#limits.slicePages);
    const isDone = merged.prefix === PREFIX_END;
    if (isDone) this.store.removeRuns(runs);
    else this.#fold = { runs, merged };
    this.version += 1;
    return !isDone;
  }

  /** Has to be called when a transaction was rolled back in which something was written. */
  rolledBack(): void {
    this.#wrote();
  }

  /** Removes what is known of these keys (hashes in hex); how many of them were known. */
  erase(keyHashes: readonly string[]): number {
    this.#wrote();
    return keyHashes.reduce((sum, keyHash) => sum + (this.#eraseOne(keyHash) ? 1 : 0), 0);
  }

  /** Forgets everything, so that the next run sends everything. */
  clear(): void {
    this.#wrote();
    this.store.clear();
  }

  #eraseOne(keyHash: string): boolean {
    const key = new Uint32Array(ENTRY_WORDS);
    writeKey(keyHash, key, 0);
    const prefix = prefixAt(key, 0);
    const page = this.store.pageAt(prefix);
    const left = page === undefined ? undefined : withoutKey(page.packed, key);
    if (page !== undefined && left !== undefined) {
      if (left.count === 0) this.store.removePage(page.first);
      else this.store.putPage({ first: page.first, packed: left });
    }
    let isFound = left !== undefined;
    for (const run of this.store.runs()) {
      const chunk = this.store.chunkAt(run.run, prefix);
      const rest = chunk === undefined ? undefined : withoutKey(chunk.packed, key);
      if (chunk === undefined || rest === undefined) continue;
      this.store.putChunk(run.run, { ...chunk, packed: rest });
      isFound = true;
    }
    return isFound;
  }

  #wrote(): void {
    this.version += 1;
    this.#fold = undefined;
  }

  #foldDue(): Fold | undefined {
    const runs = this.store.runs();
    const entries = runs.reduce((sum, { count }) => sum + count, 0);
    const share = this.store.counts().there * this.#limits.foldShare;
    const due = Math.min(FOLD_ENTRIES_MAX, Math.max(this.#limits.foldEntriesMin, share));
    if (entries < due) return undefined;
    return { runs, merged: new Merged(runs.map(({ run }) => runCursor(this.store, run, 0))) };
  }

  /** Whether entries stand so close that writing their pages is not more than writing a log. */
  #isDense(builder: PackedBuilder): boolean {
    if (this.store.runs().length > 0) return false;
    const { words, count } = builder.slice(0, builder.count);
    const pagesMax = Math.floor(count / this.#limits.denseEntriesPerPage);
    let end = -1;
    let pages = 0;
    for (let i = 0; i < count && pages <= pagesMax; i++) {
      const prefix = prefixAt(words, i * ENTRY_WORDS);
      if (prefix < end) continue;
      pages += 1;
      end = this.store.firstAfter(prefix) ?? PREFIX_END;
    }
    return pages <= pagesMax;
  }

  #count(): StateCounts {
    const counts = { there: 0, remembered: 0 };
    for (const reader = this.read(); !reader.isDone; reader.advance()) {
      if (reader.isRemembered) counts.remembered += 1;
      else counts.there += 1;
    }
    return counts;
  }
}

/** The entries by key, each key once, as the last of them has it. */
function sorted(accepted: readonly Accepted[]): PackedBuilder {
  const words = new Uint32Array(accepted.length * ENTRY_WORDS);
  const marks = new Uint8Array(accepted.length);
  for (const [i, { keyHash, rowHash, isRemembered }] of accepted.entries()) {
    writeKey(keyHash, words, i * ENTRY_WORDS);
    writeRowHash(rowHash ?? 0n, words, i * ENTRY_WORDS);
    marks[i] = rowHash === undefined ? MARK.gone : isRemembered === true ? MARK.remembered : 0;
  }
  const keys = accepted.some(({ key }) => key !== undefined)
    ? accepted.map(({ key }) => key)
    : undefined;
  const all: Packed = { count: accepted.length, words, marks, keys };
  const order = sortOrder(words, accepted.length);
  const builder = new PackedBuilder(accepted.length);
  for (const [at, index] of order.entries()) {
    const next = order[at + 1];
    if (next === undefined || accepted[next]?.keyHash !== accepted[index]?.keyHash) {
      builder.append(all, index);
    }
  }
  return builder;
}

function entriesOf(builder: PackedBuilder): BlockCursor {
  return blockCursor(builder.slice(0, builder.count));
}

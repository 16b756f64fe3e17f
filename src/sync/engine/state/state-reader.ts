import type { SourceRow } from "../../source/source.ts";
import { pageCursor, runCursor } from "./cursors.ts";
import { Merged } from "./merged.ts";
import {
  compareKeys,
  ENTRY_WORDS,
  hexAt,
  MARK,
  PREFIX_END,
  prefixOf,
  rowHashAt,
} from "./packed.ts";
import type { StateStore } from "./state-store.ts";

/** What a reader reads: its store, and a number that changes whenever anything is written there. */
export type Readable = { readonly store: StateStore; readonly version: number };

/**
 * A place in what was accepted, in the order of key hashes. Writes in between are seen from the next
 * entry on. It holds one block of each sequence and no cursor of the database.
 */
export class StateReader {
  readonly #of: Readable;
  #version: number;
  #merged: Merged;

  /**
   * Stands at the first entry whose prefix is at least `from`.
   *
   * @param after hex of a key hash; then it stands at the first entry after that.
   */
  constructor(of: Readable, after: string | undefined, from = 0) {
    this.#of = of;
    this.#version = of.version;
    this.#merged = this.#open(after === undefined ? from : prefixOf(after));
    if (after !== undefined) this.#skip(after);
  }

  /** Whether it stands behind the last entry. */
  get isDone(): boolean {
    return this.prefix === PREFIX_END;
  }

  get prefix(): number {
    return this.#merged.prefix;
  }

  /** Hex of the key hash of the entry it stands at. */
  get keyHash(): string {
    const { packed, index } = this.#merged;
    return packed === undefined ? "" : hexAt(packed.words, index * ENTRY_WORDS);
  }

  /** Below 0 when its key comes before the one at word `at`, 0 when it is the same. */
  compare(words: Uint32Array, at: number): number {
    const { packed, index } = this.#merged;
    return packed === undefined ? 1 : compareKeys(packed.words, index * ENTRY_WORDS, words, at);
  }

  get rowHash(): bigint {
    const { packed, index } = this.#merged;
    return packed === undefined ? 0n : rowHashAt(packed.words, index * ENTRY_WORDS);
  }

  /** Whether the key is remembered only, and not in the source as far as we know. */
  get isRemembered(): boolean {
    const { packed, index } = this.#merged;
    return packed?.marks[index] === MARK.remembered;
  }

  /** The cells of the key, where the state keeps them. */
  get key(): SourceRow | undefined {
    const { packed, index } = this.#merged;
    return packed?.keys?.[index];
  }

  /** Adds the entry's row hash to a bucket's sum. */
  xorInto(sums: Uint32Array, at: number): void {
    const { packed, index } = this.#merged;
    if (packed === undefined) return;
    const word = index * ENTRY_WORDS;
    sums[at] = (sums[at] ?? 0) ^ (packed.words[word + 4] ?? 0);
    sums[at + 1] = (sums[at + 1] ?? 0) ^ (packed.words[word + 5] ?? 0);
  }

  advance(): void {
    if (this.#version !== this.#of.version) {
      this.#reopen(this.keyHash);
      return;
    }
    this.#merged.advance();
    this.#skipGone();
  }

  /** Goes on to the first entry whose prefix is at least that; never back. */
  seek(prefix: number): void {
    if (prefix <= this.prefix) return;
    if (this.#version === this.#of.version) {
      this.#merged.seek(prefix);
      this.#skipGone();
      return;
    }
    this.#version = this.#of.version;
    this.#merged = this.#open(prefix);
  }

  /** Stands where it stood, as things are now: at that key, or at the first after it. */
  refresh(): void {
    if (this.#version === this.#of.version || this.isDone) return;
    const at = this.keyHash;
    this.#version = this.#of.version;
    this.#merged = this.#open(prefixOf(at));
    while (!this.isDone && this.keyHash < at) this.#step();
  }

  #reopen(after: string): void {
    this.#version = this.#of.version;
    this.#merged = this.#open(after === "" ? PREFIX_END : prefixOf(after));
    this.#skip(after);
  }

  #skip(after: string): void {
    while (!this.isDone && this.keyHash <= after) this.#step();
  }

  #step(): void {
    this.#merged.advance();
    this.#skipGone();
  }

  #open(from: number): Merged {
    const { store } = this.#of;
    const runs = store.runs().map(({ run }) => runCursor(store, run, from));
    const merged = new Merged([pageCursor(store, from), ...runs]);
    while (merged.packed?.marks[merged.index] === MARK.gone) merged.advance();
    return merged;
  }

  #skipGone(): void {
    const merged = this.#merged;
    while (merged.packed?.marks[merged.index] === MARK.gone) merged.advance();
  }
}

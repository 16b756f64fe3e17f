import { cutOf, distinctCuts, filterOf, MATCHES_EVERYONE } from "./user-filter.ts";

/**
 * Distinct ids of one file: 16 MB. A file of 100 MB holds about 3 million ids, most of them more than
 * once; one that has more distinct ones gets a filter that matches everyone.
 */
const CUTS_MAX = 2_000_000;
const CUTS_FIRST = 4096;

/** Of the buffer that distinct ids take before it grows; of the largest, before there are too many. */
const FULL_SHARE = 0.5;
const FULL_SHARE_LARGEST = 0.9;

/** Ids that were added last, by some bits of theirs: 32 KB, which a processor's own memory holds. */
const RECENT = 4096;

/** Gathers the ids of a file for its filter, each once, by the part of their hash that counts. */
export class UserCuts {
  #cuts = new Float64Array(CUTS_FIRST);
  /** No cut is negative. */
  readonly #recent = new Float64Array(RECENT).fill(-1);
  #count = 0;
  #isTooMany = false;

  /** Takes the first and the last four bytes of a hash; a hash of zeros stands for no id. */
  add(high: number, low: number): void {
    if ((high === 0 && low === 0) || this.#isTooMany) return;
    const cut = cutOf(high, low);
    // Most ids come again soon, and what is here needs no sorting.
    const slot = (low >>> 11) & (RECENT - 1);
    if (this.#recent[slot] === cut) return;
    this.#recent[slot] = cut;
    if (this.#count === this.#cuts.length) this.#makeRoom();
    this.#cuts[this.#count++] = cut;
  }

  /** The filter of what was added. Nothing can be added after it. */
  finish(): Uint8Array {
    if (this.#isTooMany) return MATCHES_EVERYONE;
    this.#sortDistinct();
    return filterOf(this.#cuts.subarray(0, this.#count));
  }

  #makeRoom(): void {
    this.#sortDistinct();
    const isLargest = this.#cuts.length >= CUTS_MAX;
    // Sorting a buffer that is nearly full again and again would cost more than room does.
    if (this.#count < this.#cuts.length * (isLargest ? FULL_SHARE_LARGEST : FULL_SHARE)) return;
    if (isLargest) {
      this.#isTooMany = true;
      this.#cuts = new Float64Array(0);
      return;
    }
    const larger = new Float64Array(Math.min(this.#cuts.length * 2, CUTS_MAX));
    larger.set(this.#cuts);
    this.#cuts = larger;
  }

  #sortDistinct(): void {
    this.#count = distinctCuts(this.#cuts.subarray(0, this.#count)).length;
  }
}

import type { BucketSums } from "../source/source.ts";
import type { SyncState } from "./state/sync-state.ts";

/** Buckets whose sums differ from what was accepted, in order. */
export class DirtyBuckets {
  readonly bits: number;
  readonly #from: number;
  #numbers = new Uint32Array(64);
  length = 0;

  /** @param from buckets before this one are known to be done. */
  constructor(bits: number, from: number) {
    this.bits = bits;
    this.#from = from;
  }

  /** Compares the sums of a range of buckets. */
  compare({ first, sums }: BucketSums, state: SyncState): void {
    const accepted = state.sums(this.bits, first, sums.length);
    for (let i = 0; i < sums.length; i++) {
      if (sums[i] !== accepted[i] && first + i >= this.#from) this.#add(first + i);
    }
  }

  number(at: number): number {
    return this.#numbers[at] ?? 0;
  }

  /** The numbers of those from place `from` to before `to`. */
  numbers(from: number, to: number): readonly number[] {
    return [...this.#numbers.subarray(from, to)];
  }

  #add(number: number): void {
    if (this.length === this.#numbers.length) {
      const numbers = new Uint32Array(2 * this.length);
      numbers.set(this.#numbers);
      this.#numbers = numbers;
    }
    this.#numbers[this.length] = number;
    this.length += 1;
  }
}

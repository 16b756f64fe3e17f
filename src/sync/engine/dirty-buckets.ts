import type { BucketSums } from "../source/source.ts";
import type { SyncState } from "./state/sync-state.ts";

/** Buckets whose sums differ from what was accepted, in order, and how many rows are in them. */
export class DirtyBuckets {
  readonly bits: number;
  readonly #from: number;
  #numbers = new Uint32Array(64);
  #counts = new Uint32Array(64);
  length = 0;
  /** Rows of the source in them. */
  rows = 0;
  /** Rows of the source in all buckets. */
  rowsInAll = 0;

  /** @param from buckets before this one are known to be done. */
  constructor(bits: number, from: number) {
    this.bits = bits;
    this.#from = from;
  }

  /** Compares the sums of a range of buckets. */
  compare({ first, counts, xors }: BucketSums, state: SyncState): void {
    const accepted = state.sums(this.bits, first, counts.length);
    for (let i = 0; i < counts.length; i++) {
      const rows = counts[i] ?? 0;
      this.rowsInAll += rows;
      const isSame = rows === accepted.counts[i] && xors[i] === accepted.xors[i];
      if (!isSame && first + i >= this.#from) this.#add(first + i, rows);
    }
  }

  number(at: number): number {
    return this.#numbers[at] ?? 0;
  }

  rowsOf(at: number): number {
    return this.#counts[at] ?? 0;
  }

  #add(number: number, rows: number): void {
    if (this.length === this.#numbers.length) {
      this.#numbers = doubled(this.#numbers);
      this.#counts = doubled(this.#counts);
    }
    this.#numbers[this.length] = number;
    this.#counts[this.length] = rows;
    this.length += 1;
    this.rows += rows;
  }
}

function doubled(from: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const to = new Uint32Array(2 * from.length);
  to.set(from);
  return to;
}

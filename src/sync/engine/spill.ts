import { SourceFailure, type HashedRow } from "../source/source.ts";
import { prefixAt, PREFIX_BITS, writeKey, writeRowHash } from "./state/packed.ts";

/**
 * Hashes of all rows of a source that cannot sort, put down by ranges of key hashes so that each range
 * can be sorted in memory. They are worth nothing after a crash.
 */
export interface SpillStore {
  put(partition: number, bytes: Uint8Array): void;
  /** The blobs of a partition, one after the other: the first after `ordinal`. */
  next(partition: number, ordinal: number): SpilledPart | undefined;
  clear(): void;
}

export type SpilledPart = { readonly ordinal: number; readonly bytes: ArrayBuffer };

/** Words of a spilled row: six of an entry of the state, and its number. */
export const SPILL_WORDS = 7;

const PARTITION_BITS = 8;
/** Ranges of key hashes; of 100 million rows each still fits in a few passes. */
export const PARTITIONS = 2 ** PARTITION_BITS;

/** What is held in memory; tests take less. */
export type SpillLimits = {
  /** Rows gathered before they are put down. */
  readonly gatheredRows: number;
  /** Rows compared at once; a partition of more is gone through several times. */
  readonly passRows: number;
};

/** 4 MB, in blobs of 16 KB; and 8 MB. */
const LIMITS: SpillLimits = { gatheredRows: 150_000, passRows: 280_000 };

/** A range of hashes in memory, in no order. */
export type Pass = { readonly words: Uint32Array; readonly count: number };

export class Spill {
  readonly #store: SpillStore;
  readonly #limits: SpillLimits;
  readonly #counts = new Uint32Array(PARTITIONS);
  #words = new Uint32Array(1024 * SPILL_WORDS);
  #gathered = 0;
  #isSpilled = false;

  constructor(store: SpillStore, limits = LIMITS) {
    this.#store = store;
    this.#limits = limits;
    store.clear();
  }

  add({ keyHash, rowHash }: HashedRow, number: number): void {
    if (this.#gathered === this.#limits.gatheredRows) this.#putDown();
    const at = this.#gathered * SPILL_WORDS;
    if (at === this.#words.length) this.#words = longer(this.#words);
    writeKey(keyHash, this.#words, at);
    writeRowHash(rowHash, this.#words, at);
    this.#words[at + 6] = number;
    this.#gathered += 1;
  }

  /**
   * All that was added, range after range in the order of key hashes.
   *
   * @throws SourceFailure when some of it is not there any more: it would be taken for gone.
   */
  *passes(): Generator<Pass> {
    if (!this.#isSpilled) {
      yield { words: this.#words, count: this.#gathered };
      return;
    }
    this.#putDown();
    this.#words = new Uint32Array(0);
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const rows = this.#counts[partition] ?? 0;
      const passes = Math.ceil(rows / this.#limits.passRows);
      const width = 2 ** (PREFIX_BITS - PARTITION_BITS);
      for (let pass = 0; pass < passes; pass++) {
        const from = partition * width + Math.ceil((width / passes) * pass);
        const to = partition * width + Math.ceil((width / passes) * (pass + 1));
        yield this.#load(partition, from, to, Math.ceil(rows / passes));
      }
    }
  }

  /** Puts everything away. */
  end(): void {
    this.#store.clear();
  }

  #load(partition: number, from: number, to: number, rows: number): Pass {
    let words = new Uint32Array(Math.ceil(rows * 1.05 + 64) * SPILL_WORDS);
    let length = 0;
    let found = 0;
    let blob = this.#store.next(partition, -1);
    for (; blob !== undefined; blob = this.#store.next(partition, blob.ordinal)) {
      const part = new Uint32Array(blob.bytes);
      found += part.length / SPILL_WORDS;
      while (words.length < length + part.length) words = longer(words);
      for (let at = 0; at < part.length; at += SPILL_WORDS) {
        const prefix = prefixAt(part, at);
        if (prefix < from || prefix >= to) continue;
        for (let i = 0; i < SPILL_WORDS; i++) words[length + i] = part[at + i] ?? 0;
        length += SPILL_WORDS;
      }
    }
    if (found !== this.#counts[partition]) {
      throw new SourceFailure("spill_lost", "What was read of the source was lost", true);
    }
    return { words, count: length / SPILL_WORDS };
  }

  #putDown(): void {
    const starts = new Uint32Array(PARTITIONS + 1);
    for (let i = 0; i < this.#gathered; i++) {
      const partition = (this.#words[i * SPILL_WORDS] ?? 0) >>> (32 - PARTITION_BITS);
      starts[partition + 1] = (starts[partition + 1] ?? 0) + 1;
    }
    for (let i = 0; i < PARTITIONS; i++) {
      this.#counts[i] = (this.#counts[i] ?? 0) + (starts[i + 1] ?? 0);
      starts[i + 1] = (starts[i + 1] ?? 0) + (starts[i] ?? 0);
    }
    const sorted = new Uint32Array(this.#gathered * SPILL_WORDS);
    const ends = starts.slice();
    for (let i = 0; i < this.#gathered; i++) {
      const at = i * SPILL_WORDS;
      const partition = (this.#words[at] ?? 0) >>> (32 - PARTITION_BITS);
      const place = ends[partition] ?? 0;
      for (let w = 0; w < SPILL_WORDS; w++) {
        sorted[place * SPILL_WORDS + w] = this.#words[at + w] ?? 0;
      }
      ends[partition] = place + 1;
    }
    const bytes = new Uint8Array(sorted.buffer);
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const from = (starts[partition] ?? 0) * SPILL_WORDS * 4;
      const to = (starts[partition + 1] ?? 0) * SPILL_WORDS * 4;
      if (to > from) this.#store.put(partition, bytes.subarray(from, to));
    }
    this.#gathered = 0;
    this.#isSpilled = true;
  }
}

function longer(from: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const to = new Uint32Array(from.length * 2);
  to.set(from);
  return to;
}

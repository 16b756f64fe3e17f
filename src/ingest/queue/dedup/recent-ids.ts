import { freeBytes } from "../../../core/free-bytes.ts";
import { printWord, RECORD_WORDS } from "./records.ts";

/**
 * Ids held in memory at most, about 10 MB: five minutes at the default rate of 1,000 events a
 * second, so that the caller has time to close a log segment and pack it.
 */
export const RECENT_IDS_MAX = 300_000;

const SLOTS_MIN = 1024;
/** Slots in use at most, of ten; linear probing slows down beyond. */
const LOAD_TENTHS_MAX = 6;
const PRINT_WORDS = 4;

/**
 * The ids that are not in a run yet: an open-addressing table of fingerprints and ordinals in two
 * typed arrays, because a Map of a few hundred thousand strings would take ten times the memory.
 */
export class RecentIds {
  #slots = SLOTS_MIN;
  #prints = new Uint32Array(SLOTS_MIN * PRINT_WORDS);
  /** The ordinal plus one; zero marks a free slot. */
  #marks = new Uint32Array(SLOTS_MIN);
  #size = 0;
  /** The highest ordinal that was added since the table was empty. */
  #lastOrdinal = 0;

  get size(): number {
    return this.#size;
  }

  get bytes(): number {
    return this.#prints.byteLength + this.#marks.byteLength;
  }

  ordinalOf(prints: Uint8Array, index: number): number | undefined {
    const mark = this.#marks[this.#find(prints, index)] ?? 0;
    return mark === 0 ? undefined : mark - 1;
  }

  /**
   * Remembers an id and answers true; one that is held keeps its ordinal, and the answer is false.
   *
   * @throws RangeError when {@link RECENT_IDS_MAX} are held: the caller has to pack before.
   */
  add(prints: Uint8Array, index: number, ordinal: number): boolean {
    if (this.#size >= RECENT_IDS_MAX) {
      throw new RangeError(`Cannot remember more than ${RECENT_IDS_MAX} unpacked ids: pack first`);
    }
    if ((this.#size + 1) * 10 > this.#slots * LOAD_TENTHS_MAX) this.#grow();
    const slot = this.#find(prints, index);
    if (this.#marks[slot] !== 0) return false;
    for (let w = 0; w < PRINT_WORDS; w++) {
      this.#prints[slot * PRINT_WORDS + w] = printWord(prints, index, w);
    }
    this.#marks[slot] = ordinal + 1;
    this.#size += 1;
    if (ordinal > this.#lastOrdinal) this.#lastOrdinal = ordinal;
    return true;
  }

  /** Forgets an id and moves up those that its slot had pushed on; does nothing when it is unknown. */
  remove(prints: Uint8Array, index: number): void {
    let free = this.#find(prints, index);
    if (this.#marks[free] === 0) return;
    const mask = this.#slots - 1;
    for (let slot = (free + 1) & mask; this.#marks[slot] !== 0; slot = (slot + 1) & mask) {
      const home = (this.#prints[slot * PRINT_WORDS + 1] ?? 0) & mask;
      if (((slot - home) & mask) < ((slot - free) & mask)) continue;
      this.#copy(slot, free);
      free = slot;
    }
    this.#marks[free] = 0;
    this.#size -= 1;
  }

  /** The ids whose ordinal is at most `ordinal`, as records in no order. */
  recordsUpTo(ordinal: number): Uint32Array {
    return this.#collect(0, ordinal);
  }

  /**
   * Forgets the ids whose ordinal is at most `ordinal` and counts them. The table keeps the size
   * that it needed until now, since it will fill again; it shrinks when it had needed less, and to
   * what is left when memory is scarce.
   */
  forgetUpTo(ordinal: number, isScarce = false): number {
    const before = this.#size;
    if (ordinal >= this.#lastOrdinal) {
      this.#empty(isScarce ? 0 : before);
      return before;
    }
    const kept = this.#collect(ordinal + 1, Infinity);
    this.#empty(isScarce ? kept.length / RECORD_WORDS : before);
    for (let at = 0; at < kept.length; at += RECORD_WORDS) this.#insert(kept, at);
    freeBytes(kept);
    return before - this.#size;
  }

  clear(): void {
    this.#empty(0);
  }

  /** The ids with ordinals from `first` to `last`, as records in no order. */
  #collect(first: number, last: number): Uint32Array {
    let count = 0;
    for (let slot = 0; slot < this.#slots; slot++) {
      const mark = this.#marks[slot] ?? 0;
      if (mark > first && mark - 1 <= last) count += 1;
    }
    const records = new Uint32Array(count * RECORD_WORDS);
    let at = 0;
    for (let slot = 0; slot < this.#slots; slot++) {
      const mark = this.#marks[slot] ?? 0;
      if (mark <= first || mark - 1 > last) continue;
      for (let w = 0; w < PRINT_WORDS; w++) {
        records[at + w] = this.#prints[slot * PRINT_WORDS + w] ?? 0;
      }
      records[at + PRINT_WORDS] = mark - 1;
      at += RECORD_WORDS;
    }
    return records;
  }

  /** Empties the table, with as many slots as `ids` ids need but not more than now. */
  #empty(ids: number): void {
    let slots = SLOTS_MIN;
    while (ids * 10 > slots * LOAD_TENTHS_MAX) slots *= 2;
    this.#size = 0;
    if (slots < this.#slots) {
      freeBytes(this.#prints, this.#marks);
      this.#slots = slots;
      this.#prints = new Uint32Array(slots * PRINT_WORDS);
      this.#marks = new Uint32Array(slots);
    } else {
      this.#marks.fill(0);
    }
  }

  /** Puts a record in that the table does not hold. */
  #insert(records: Uint32Array, at: number): void {
    const mask = this.#slots - 1;
    let slot = (records[at + 1] ?? 0) & mask;
    while (this.#marks[slot] !== 0) slot = (slot + 1) & mask;
    this.#prints.set(records.subarray(at, at + PRINT_WORDS), slot * PRINT_WORDS);
    this.#marks[slot] = (records[at + PRINT_WORDS] ?? 0) + 1;
    this.#size += 1;
  }

  /** The slot that holds the id, else the free one where it belongs. */
  #find(prints: Uint8Array, index: number): number {
    const w0 = printWord(prints, index, 0);
    const w1 = printWord(prints, index, 1);
    const w2 = printWord(prints, index, 2);
    const w3 = printWord(prints, index, 3);
    const mask = this.#slots - 1;
    // The second word spreads the slots, since the first one orders the records.
    for (let slot = w1 & mask; ; slot = (slot + 1) & mask) {
      if (this.#marks[slot] === 0) return slot;
      const at = slot * PRINT_WORDS;
      if (
        this.#prints[at] === w0 &&
        this.#prints[at + 1] === w1 &&
        this.#prints[at + 2] === w2 &&
        this.#prints[at + 3] === w3
      ) {
        return slot;
      }
    }
  }

  #copy(from: number, to: number): void {
    this.#prints.copyWithin(to * PRINT_WORDS, from * PRINT_WORDS, (from + 1) * PRINT_WORDS);
    this.#marks[to] = this.#marks[from] ?? 0;
  }

  /** Doubles the slots. */
  #grow(): void {
    const prints = this.#prints;
    const marks = this.#marks;
    this.#slots *= 2;
    this.#prints = new Uint32Array(this.#slots * PRINT_WORDS);
    this.#marks = new Uint32Array(this.#slots);
    const mask = this.#slots - 1;
    for (let from = 0; from < marks.length; from++) {
      const mark = marks[from] ?? 0;
      if (mark === 0) continue;
      let slot = (prints[from * PRINT_WORDS + 1] ?? 0) & mask;
      while (this.#marks[slot] !== 0) slot = (slot + 1) & mask;
      for (let w = 0; w < PRINT_WORDS; w++) {
        this.#prints[slot * PRINT_WORDS + w] = prints[from * PRINT_WORDS + w] ?? 0;
      }
      this.#marks[slot] = mark;
    }
    freeBytes(prints, marks);
  }
}

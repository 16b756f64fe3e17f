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
   * Remembers an id; one that is known keeps its ordinal.
   *
   * @throws RangeError when {@link RECENT_IDS_MAX} are held: the caller has to pack before.
   */
  add(prints: Uint8Array, index: number, ordinal: number): void {
    if (this.#size >= RECENT_IDS_MAX) {
      throw new RangeError(`Cannot remember more than ${RECENT_IDS_MAX} unpacked ids: pack first`);
    }
    if ((this.#size + 1) * 10 > this.#slots * LOAD_TENTHS_MAX) this.#rebuild(this.#slots * 2, -1);
    const slot = this.#find(prints, index);
    if (this.#marks[slot] !== 0) return;
    for (let w = 0; w < PRINT_WORDS; w++) {
      this.#prints[slot * PRINT_WORDS + w] = printWord(prints, index, w);
    }
    this.#marks[slot] = ordinal + 1;
    this.#size += 1;
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
    const records = new Uint32Array(this.#size * RECORD_WORDS);
    let at = 0;
    for (let slot = 0; slot < this.#slots; slot++) {
      const mark = this.#marks[slot] ?? 0;
      if (mark === 0 || mark - 1 > ordinal) continue;
      for (let w = 0; w < PRINT_WORDS; w++) {
        records[at + w] = this.#prints[slot * PRINT_WORDS + w] ?? 0;
      }
      records[at + PRINT_WORDS] = mark - 1;
      at += RECORD_WORDS;
    }
    return records.slice(0, at);
  }

  /** Forgets the ids whose ordinal is at most `ordinal`, gives their memory back and counts them. */
  forgetUpTo(ordinal: number): number {
    const before = this.#size;
    let kept = 0;
    for (const mark of this.#marks) if (mark !== 0 && mark - 1 > ordinal) kept += 1;
    let slots = SLOTS_MIN;
    while ((kept + 1) * 10 > slots * LOAD_TENTHS_MAX) slots *= 2;
    this.#rebuild(slots, ordinal);
    return before - kept;
  }

  clear(): void {
    this.#rebuild(SLOTS_MIN, Infinity);
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

  /** Moves the ids above `ordinal` to a table of that many slots. */
  #rebuild(slots: number, ordinal: number): void {
    const prints = this.#prints;
    const marks = this.#marks;
    this.#slots = slots;
    this.#prints = new Uint32Array(slots * PRINT_WORDS);
    this.#marks = new Uint32Array(slots);
    this.#size = 0;
    for (let from = 0; from < marks.length; from++) {
      const mark = marks[from] ?? 0;
      if (mark === 0 || mark - 1 <= ordinal) continue;
      let slot = (prints[from * PRINT_WORDS + 1] ?? 0) & (slots - 1);
      while (this.#marks[slot] !== 0) slot = (slot + 1) & (slots - 1);
      this.#prints.set(
        prints.subarray(from * PRINT_WORDS, (from + 1) * PRINT_WORDS),
        slot * PRINT_WORDS,
      );
      this.#marks[slot] = mark;
      this.#size += 1;
    }
  }
}

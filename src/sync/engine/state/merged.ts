import type { BlockCursor } from "./cursors.ts";
import { compareKeys, ENTRY_WORDS, PREFIX_END, type Packed } from "./packed.ts";

/**
 * Several sequences as one: each key once, as the newest sequence that knows it has it. The entry at
 * the place is `packed` at `index`.
 */
export class Merged {
  readonly #cursors: readonly BlockCursor[];
  #current: BlockCursor | undefined;

  /** @param cursors from the oldest to the newest. */
  constructor(cursors: readonly BlockCursor[]) {
    this.#cursors = cursors;
    this.#current = this.#least();
  }

  /** {@link PREFIX_END} behind the last entry. */
  get prefix(): number {
    return this.#current?.prefix ?? PREFIX_END;
  }

  get packed(): Packed | undefined {
    return this.#current?.packed;
  }

  get index(): number {
    return this.#current?.index ?? 0;
  }

  advance(): void {
    const current = this.#current;
    if (current === undefined) return;
    const { prefix, packed, index } = current;
    for (const cursor of this.#cursors) {
      if (cursor !== current && cursor.prefix === prefix && isSame(cursor, packed, index)) {
        cursor.advance();
      }
    }
    current.advance();
    this.#current = this.#least();
  }

  /** Goes on to the first entry whose prefix is at least that; never back. */
  seek(prefix: number): void {
    for (const cursor of this.#cursors) cursor.seek(prefix);
    this.#current = this.#least();
  }

  #least(): BlockCursor | undefined {
    let least: BlockCursor | undefined;
    for (const cursor of this.#cursors) {
      if (cursor.prefix === PREFIX_END) continue;
      if (least === undefined || cursor.prefix < least.prefix) least = cursor;
      else if (cursor.prefix === least.prefix && order(cursor, least) <= 0) least = cursor;
    }
    return least;
  }
}

function isSame(cursor: BlockCursor, packed: Packed, index: number): boolean {
  return (
    compareKeys(
      cursor.packed.words,
      cursor.index * ENTRY_WORDS,
      packed.words,
      index * ENTRY_WORDS,
    ) === 0
  );
}

function order(a: BlockCursor, b: BlockCursor): number {
  return compareKeys(a.packed.words, a.index * ENTRY_WORDS, b.packed.words, b.index * ENTRY_WORDS);
}

import { ENTRY_WORDS, PREFIX_END, prefixAt, type Packed } from "./packed.ts";
import type { StateStore } from "./state-store.ts";

const NOTHING: Packed = {
  count: 0,
  words: new Uint32Array(0),
  marks: new Uint8Array(0),
  keys: undefined,
};

/** Where the blocks of a sequence come from; it remembers which one it gave last. */
type Blocks = {
  /** The block after the last one. */
  readonly following: () => Packed | undefined;
  /** The block in which the first entry of at least that prefix stands, or after which it comes. */
  readonly at: (prefix: number) => Packed | undefined;
};

/** A place in a sequence of blocks of sorted entries, one block in memory at a time. */
export class BlockCursor {
  readonly #blocks: Blocks;
  packed: Packed;
  index: number;
  /** The prefix of the entry at the place; {@link PREFIX_END} behind the last one. */
  prefix = PREFIX_END;

  /** Stands at the first entry whose prefix is at least `from`. */
  constructor(blocks: Blocks, from: number) {
    this.#blocks = blocks;
    this.packed = blocks.at(from) ?? NOTHING;
    this.index = firstFrom(this.packed, from);
    this.#settle();
  }

  /** Goes on to the first entry whose prefix is at least `to`, and reads a block only if it has to. */
  seek(to: number): void {
    if (to <= this.prefix) return;
    const { words, count } = this.packed;
    if (prefixAt(words, (count - 1) * ENTRY_WORDS) < to) {
      this.packed = this.#blocks.at(to) ?? NOTHING;
    }
    this.index = firstFrom(this.packed, to);
    this.#settle();
  }

  advance(): void {
    this.index += 1;
    this.#settle();
  }

  #settle(): void {
    while (this.index >= this.packed.count) {
      const next = this.#blocks.following();
      this.packed = next ?? NOTHING;
      this.index = 0;
      this.prefix = PREFIX_END;
      if (next === undefined) return;
    }
    this.prefix = prefixAt(this.packed.words, this.index * ENTRY_WORDS);
  }
}

/** The entries of one block. */
export function blockCursor(block: Packed | undefined): BlockCursor {
  return new BlockCursor({ following: () => undefined, at: () => block }, 0);
}

/** The entries of all pages from a prefix on. */
export function pageCursor(store: StateStore, from: number): BlockCursor {
  let first = -1;
  const at = (prefix: number): Packed | undefined => {
    const page = store.pageAt(prefix);
    first = page?.first ?? -1;
    return page?.packed;
  };
  const following = (): Packed | undefined => {
    const next = store.pageAfter(first);
    first = next?.first ?? PREFIX_END;
    return next?.packed;
  };
  return new BlockCursor({ following, at }, from);
}

/** The entries of a run of the log from a prefix on. */
export function runCursor(store: StateStore, run: number, from: number): BlockCursor {
  let chunk = -1;
  const at = (prefix: number): Packed | undefined => {
    const opened = store.chunkAt(run, prefix);
    chunk = opened?.chunk ?? -1;
    return opened?.packed;
  };
  const following = (): Packed | undefined => {
    const next = store.chunkAfter(run, chunk);
    chunk = next?.chunk ?? Number.MAX_SAFE_INTEGER;
    return next?.packed;
  };
  return new BlockCursor({ following, at }, from);
}

/** The first entry whose prefix is at least `from`, by bisection. */
export function firstFrom({ words, count }: Packed, from: number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (prefixAt(words, middle * ENTRY_WORDS) < from) low = middle + 1;
    else high = middle;
  }
  return low;
}

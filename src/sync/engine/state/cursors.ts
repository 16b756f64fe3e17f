import { ENTRY_WORDS, PREFIX_END, prefixAt, type Packed } from "./packed.ts";
import type { StateStore } from "./state-store.ts";

const NOTHING: Packed = {
  count: 0,
  words: new Uint32Array(0),
  marks: new Uint8Array(0),
  keys: undefined,
};

/** A place in a sequence of blocks of sorted entries, one block in memory at a time. */
export class BlockCursor {
  readonly #following: () => Packed | undefined;
  packed: Packed;
  index: number;
  /** The prefix of the entry at the place; {@link PREFIX_END} behind the last one. */
  prefix = PREFIX_END;

  /** Stands at the first entry of `first` whose prefix is at least `from`, or in what follows. */
  constructor(first: Packed | undefined, following: () => Packed | undefined, from: number) {
    this.#following = following;
    this.packed = first ?? NOTHING;
    this.index = firstFrom(this.packed, from);
    this.#settle();
  }

  advance(): void {
    this.index += 1;
    this.#settle();
  }

  #settle(): void {
    while (this.index >= this.packed.count) {
      const next = this.#following();
      this.packed = next ?? NOTHING;
      this.index = 0;
      this.prefix = PREFIX_END;
      if (next === undefined) return;
    }
    this.prefix = prefixAt(this.packed.words, this.index * ENTRY_WORDS);
  }
}

/** The entries of all pages from a prefix on. */
export function pageCursor(store: StateStore, from: number): BlockCursor {
  const page = store.pageAt(from);
  let first = page?.first ?? -1;
  const following = (): Packed | undefined => {
    const next = store.pageAfter(first);
    first = next?.first ?? PREFIX_END;
    return next?.packed;
  };
  return new BlockCursor(page?.packed, following, from);
}

/** The entries of a run of the log from a prefix on. */
export function runCursor(store: StateStore, run: number, from: number): BlockCursor {
  const opened = store.chunkAt(run, from);
  let chunk = opened?.chunk ?? -1;
  const following = (): Packed | undefined => {
    const next = store.chunkAfter(run, chunk);
    chunk = next?.chunk ?? Number.MAX_SAFE_INTEGER;
    return next?.packed;
  };
  return new BlockCursor(opened?.packed, following, from);
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

import { blockCursor, firstFrom } from "./cursors.ts";
import {
  compareKeys,
  ENTRY_WORDS,
  MARK,
  PackedBuilder,
  PREFIX_END,
  prefixAt,
  type Packed,
} from "./packed.ts";
import type { StateStore } from "./state-store.ts";

/** Entries of a page that is made: 25 KB, which is written and read in one piece. */
export const PAGE_ENTRIES = 1_000;

/** Entries past which a page is cut, so that one that grows is not cut at once again. */
export const PAGE_ENTRIES_MAX = 1_500;

/** Characters of keys in a page; three bytes each are still under the 2 MB that a row may have. */
export const PAGE_KEY_CHARS_MAX = 400_000;

/** Entries in the order of their keys, each key once. */
export type Entries = {
  /** PREFIX_END behind the last one. */
  readonly prefix: number;
  readonly packed: Packed | undefined;
  readonly index: number;
  advance(): void;
};

/**
 * Writes entries into the pages whose ranges they fall into; no other page is touched. Ends after
 * `pagesMax` pages: what is left is still in `entries`.
 */
export function foldInto(store: StateStore, entries: Entries, pagesMax: number): void {
  for (let pages = 0; pages < pagesMax && entries.prefix < PREFIX_END; pages++) {
    const page = store.pageAt(entries.prefix);
    const end = store.firstAfter(entries.prefix) ?? PREFIX_END;
    const builder = mergedPage(page?.packed, entries, end);
    // The first page begins at 0, whatever its first key is.
    writePage(store, page?.first ?? 0, builder);
  }
}

function mergedPage(page: Packed | undefined, entries: Entries, end: number): PackedBuilder {
  const builder = new PackedBuilder((page?.count ?? 0) + PAGE_ENTRIES);
  const old = blockCursor(page);
  while (entries.prefix < end) {
    const { packed, index } = entries;
    if (packed === undefined) break;
    const at = index * ENTRY_WORDS;
    while (old.prefix <= entries.prefix && old.prefix < PREFIX_END) {
      const order = compareKeys(old.packed.words, old.index * ENTRY_WORDS, packed.words, at);
      if (order > 0) break;
      if (order < 0) builder.append(old.packed, old.index);
      old.advance();
    }
    if (packed.marks[index] !== MARK.gone) builder.append(packed, index);
    entries.advance();
  }
  for (; old.prefix < PREFIX_END; old.advance()) builder.append(old.packed, old.index);
  return builder;
}

function writePage(store: StateStore, first: number, builder: PackedBuilder): void {
  if (builder.count === 0) {
    store.removePage(first);
    return;
  }
  for (const [piece, packed] of cut(builder).entries()) {
    store.putPage({ first: piece === 0 ? first : prefixAt(packed.words, 0), packed });
  }
}

/** The entries in pieces that fit pages; entries of one prefix stay together. */
export function cut(builder: PackedBuilder): readonly Packed[] {
  const all = builder.slice(0, builder.count);
  const size = pieceSize(builder.count, keyCharsOf(all));
  const pieces: Packed[] = [];
  let from = 0;
  let chars = 0;
  for (let i = 0; i < all.count; i++) {
    const more = charsOf(all, i);
    const isFull = i - from >= size || chars + more > PAGE_KEY_CHARS_MAX;
    if (isFull && i > from && startsPrefix(all, i)) {
      pieces.push(builder.slice(from, i));
      from = i;
      chars = 0;
    }
    chars += more;
  }
  pieces.push(builder.slice(from, all.count));
  return pieces;
}

/** Equal pieces, or nobody would have room for the next entries. */
function pieceSize(count: number, chars: number): number {
  if (count <= PAGE_ENTRIES_MAX && chars <= PAGE_KEY_CHARS_MAX) return count;
  const pieces = Math.max(Math.round(count / PAGE_ENTRIES), Math.ceil(chars / PAGE_KEY_CHARS_MAX));
  return Math.ceil(count / Math.max(1, pieces));
}

function startsPrefix({ words }: Packed, index: number): boolean {
  const at = index * ENTRY_WORDS;
  return prefixAt(words, at) !== prefixAt(words, at - ENTRY_WORDS);
}

function keyCharsOf(packed: Packed): number {
  if (packed.keys === undefined) return 0;
  let chars = 0;
  for (let i = 0; i < packed.count; i++) chars += charsOf(packed, i);
  return chars;
}

function charsOf({ keys }: Packed, index: number): number {
  const key = keys?.[index];
  return key === undefined ? 0 : JSON.stringify(key).length;
}

/** The page without the entry of that key; `undefined` when it has none. */
export function withoutKey(packed: Packed, key: Uint32Array): Packed | undefined {
  for (let i = firstFrom(packed, prefixAt(key, 0)); i < packed.count; i++) {
    const order = compareKeys(packed.words, i * ENTRY_WORDS, key, 0);
    if (order > 0) return undefined;
    if (order < 0) continue;
    const builder = new PackedBuilder(packed.count);
    for (let at = 0; at < packed.count; at++) if (at !== i) builder.append(packed, at);
    return builder.slice(0, builder.count);
  }
  return undefined;
}

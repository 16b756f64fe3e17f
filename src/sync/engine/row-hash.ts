import { KEY_HASH_BYTES, type HashSeeds, type SourceRow } from "../source/source.ts";
import { HASH_BLOCK_BYTES, halvesOf, pgHash, type Halves } from "./pg-hash.ts";

/**
 * The hash contract of syncs in JS; SQL sources compute the same in their queries. A cell's text is
 * `<characters>:<cell>`, and `N` where it is NULL; a row's text is the texts of its cells one after
 * the other. A key's hash is the hashes of its text with the first and the second seed, a row's is
 * that of its own text with the third. Characters are code points, as Postgres's `length` counts.
 */

/** A row's hashes: `keyHash` as hex in the order of {@link KEY_HASH_BYTES}, `rowHash` unsigned. */
export type RowHashes = { readonly keyHash: string; readonly rowHash: bigint };

const SIGN_BIT = 0x8000_0000;
const ASCII_MAX = 0x7f;
const COLON = 0x3a;
const LETTER_N = 0x4e;
const DIGIT_0 = 0x30;
/** UTF-8 takes at most three bytes for each UTF-16 unit. */
const UTF8_BYTES_PER_UNIT_MAX = 3;
/** Digits of a cell's number of characters, and the colon. */
const PREFIX_BYTES_MAX = 17;
const BUFFER_BYTES_MIN = 4096;

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
const encoder = new TextEncoder();

/** Hashes rows of one selection; it keeps a buffer, so one is made for a whole read. */
export class RowHasher {
  readonly #seeds: readonly [Halves, Halves, Halves];
  readonly #key: readonly number[];
  readonly #out: Halves = { high: 0, low: 0 };
  readonly #half = new Uint32Array(2);
  readonly #whole = new BigUint64Array(this.#half.buffer);
  #bytes = new Uint8Array(BUFFER_BYTES_MIN);
  #words = new Uint32Array(this.#bytes.buffer);

  /** @param key the places of the key's cells in a row, in the order in which they are hashed. */
  constructor(seeds: HashSeeds, key: readonly number[]) {
    this.#seeds = [halvesOf(seeds.keyA), halvesOf(seeds.keyB), halvesOf(seeds.row)];
    this.#key = key;
  }

  /** The hashes of a row; `undefined` where a cell of its key is NULL. */
  hash(row: SourceRow): RowHashes | undefined {
    let end = 0;
    for (const place of this.#key) {
      const cell = row[place];
      if (cell === null || cell === undefined) return undefined;
      end = this.#write(cell, end);
    }
    const keyHash = this.#keyHash(end);
    end = 0;
    for (const cell of row) end = this.#write(cell, end);
    this.#pad(end);
    pgHash(this.#words, end, this.#seeds[2], this.#out);
    this.#half[0] = this.#out.low;
    this.#half[1] = this.#out.high;
    return { keyHash, rowHash: this.#whole[0] ?? 0n };
  }

  /** The hash of a key alone, given by its cells; `undefined` where one of them is NULL. */
  hashKey(cells: SourceRow): string | undefined {
    let end = 0;
    for (const cell of cells) {
      if (cell === null) return undefined;
      end = this.#write(cell, end);
    }
    return this.#keyHash(end);
  }

  #keyHash(end: number): string {
    this.#pad(end);
    pgHash(this.#words, end, this.#seeds[0], this.#out);
    const a = hexOf(this.#out.high ^ SIGN_BIT) + hexOf(this.#out.low);
    pgHash(this.#words, end, this.#seeds[1], this.#out);
    return a + hexOf(this.#out.high ^ SIGN_BIT) + hexOf(this.#out.low);
  }

  /** Writes a cell's text at `at` and returns where it ends. */
  #write(cell: string | null, at: number): number {
    if (cell === null) {
      this.#reserve(at + 1);
      this.#bytes[at] = LETTER_N;
      return at + 1;
    }
    const { length } = cell;
    this.#reserve(at + PREFIX_BYTES_MAX + length * UTF8_BYTES_PER_UNIT_MAX);
    const from = this.#writeLength(length, at);
    const bytes = this.#bytes;
    for (let i = 0; i < length; i++) {
      const unit = cell.charCodeAt(i);
      if (unit > ASCII_MAX) return this.#writeUnicode(cell, at);
      bytes[from + i] = unit;
    }
    return from + length;
  }

  #writeUnicode(cell: string, at: number): number {
    const from = this.#writeLength(charactersOf(cell), at);
    return from + encoder.encodeInto(cell, this.#bytes.subarray(from)).written;
  }

  /** Writes the digits of a length and a colon. */
  #writeLength(length: number, at: number): number {
    let digits = 1;
    for (let rest = length; rest > 9; rest = Math.floor(rest / 10)) digits += 1;
    let rest = length;
    for (let i = at + digits - 1; i >= at; i--) {
      this.#bytes[i] = DIGIT_0 + (rest % 10);
      rest = Math.floor(rest / 10);
    }
    this.#bytes[at + digits] = COLON;
    return at + digits + 1;
  }

  #pad(end: number): void {
    this.#bytes.fill(0, end, end + HASH_BLOCK_BYTES);
  }

  #reserve(end: number): void {
    if (end + HASH_BLOCK_BYTES <= this.#bytes.length) return;
    const bytes = new Uint8Array(Math.ceil(((end + HASH_BLOCK_BYTES) * 2) / 4) * 4);
    bytes.set(this.#bytes);
    this.#bytes = bytes;
    this.#words = new Uint32Array(bytes.buffer);
  }
}

/** Code points of a text; half of a pair that stands alone counts as one, as its U+FFFD does. */
function charactersOf(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

/** Eight hexadecimal digits of a 32-bit number. */
function hexOf(word: number): string {
  return (
    (HEX[word >>> 24] ?? "") +
    (HEX[(word >>> 16) & 255] ?? "") +
    (HEX[(word >>> 8) & 255] ?? "") +
    (HEX[word & 255] ?? "")
  );
}

/** Whether a text is the hex of a key hash. */
export function isKeyHash(text: string): boolean {
  return text.length === 2 * KEY_HASH_BYTES && /^[0-9a-f]+$/.test(text);
}

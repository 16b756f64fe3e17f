import type { SourceRow } from "../../source/source.ts";

/**
 * Entries of the state as they are stored: one after the other in the order of their key hashes, so
 * that every comparison is a merge. An entry is six words, little-endian: four of the key's hash, the
 * most significant first, and two of the row's, the least significant first.
 */
export const ENTRY_WORDS = 6;
const WORD_BYTES = 4;

/** What an entry says of its key. */
export const MARK = {
  /** It was accepted and is in the source. */
  there: 0,
  /** It is not accepted any more; only the log says so. */
  gone: 1,
  /** It was accepted, must not be sent again, and is not in the source now. */
  remembered: 2,
} as const;

/** Bits of a key hash that stand in one safe integer: what pages are found and sorted by. */
export const PREFIX_BITS = 52;
const SECOND_WORD_BITS = 20;
/** Beyond every prefix. */
export const PREFIX_END = 2 ** PREFIX_BITS;

export type Packed = {
  readonly count: number;
  readonly words: Uint32Array;
  /** One of {@link MARK} for each entry. */
  readonly marks: Uint8Array;
  /** The cells of each entry's key, where the state keeps them. */
  readonly keys: readonly (SourceRow | undefined)[] | undefined;
};

/** Bytes of entries in one blob, six words and a mark each. */
export function bytesOf(packed: Packed): Uint8Array<ArrayBuffer> {
  const size = packed.count * ENTRY_WORDS * WORD_BYTES;
  const bytes = new Uint8Array(size + packed.count);
  bytes.set(new Uint8Array(packed.words.buffer, packed.words.byteOffset, size));
  bytes.set(packed.marks.subarray(0, packed.count), size);
  return bytes;
}

/** Reads what {@link bytesOf} made; the buffer is used as it is. */
export function packedOf(bytes: ArrayBuffer, keys: string | null): Packed {
  const count = bytes.byteLength / (ENTRY_WORDS * WORD_BYTES + 1);
  const size = count * ENTRY_WORDS * WORD_BYTES;
  return {
    count,
    words: new Uint32Array(bytes, 0, count * ENTRY_WORDS),
    marks: new Uint8Array(bytes, size, count),
    keys: keys === null ? undefined : (JSON.parse(keys) as (SourceRow | null)[]).map(orNothing),
  };
}

function orNothing(key: SourceRow | null): SourceRow | undefined {
  return key ?? undefined;
}

/** The first bits of the key hash that begins at word `at`, as a number. */
export function prefixAt(words: Uint32Array, at: number): number {
  return (words[at] ?? 0) * 2 ** SECOND_WORD_BITS + ((words[at + 1] ?? 0) >>> 12);
}

/** The same of a key hash in hex. */
export function prefixOf(keyHash: string): number {
  return wordOf(keyHash, 0) * 2 ** SECOND_WORD_BITS + (wordOf(keyHash, 8) >>> 12);
}

/** The number of the bucket of `bits` bits in which a key hash in hex is. */
export function bucketOf(keyHash: string, bits: number): number {
  return Math.floor(prefixOf(keyHash) / 2 ** (PREFIX_BITS - bits));
}

/** Below 0 when the first key hash comes first, 0 when both are the same. */
export function compareKeys(a: Uint32Array, atA: number, b: Uint32Array, atB: number): number {
  for (let i = 0; i < 4; i++) {
    const difference = (a[atA + i] ?? 0) - (b[atB + i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

export function hexAt(words: Uint32Array, at: number): string {
  return (
    hexOf(words[at] ?? 0) +
    hexOf(words[at + 1] ?? 0) +
    hexOf(words[at + 2] ?? 0) +
    hexOf(words[at + 3] ?? 0)
  );
}

/** Writes a key hash in hex as four words at `at`. */
export function writeKey(keyHash: string, words: Uint32Array, at: number): void {
  for (let i = 0; i < 4; i++) words[at + i] = wordOf(keyHash, 8 * i);
}

const LETTER_A = 0x61;
const DIGIT_0 = 0x30;

/** The number of eight digits of lower case hex; several times as fast as parsing a slice. */
function wordOf(hex: string, from: number): number {
  let word = 0;
  for (let i = from; i < from + 8; i++) {
    const code = hex.charCodeAt(i);
    word = (word << 4) | (code < LETTER_A ? code - DIGIT_0 : code - LETTER_A + 10);
  }
  return word >>> 0;
}

const half = new Uint32Array(2);
const whole = new BigUint64Array(half.buffer);

export function rowHashAt(words: Uint32Array, at: number): bigint {
  half[0] = words[at + 4] ?? 0;
  half[1] = words[at + 5] ?? 0;
  return whole[0] ?? 0n;
}

/** Writes a row's hash, signed or not, behind its key's. */
export function writeRowHash(rowHash: bigint, words: Uint32Array, at: number): void {
  whole[0] = rowHash;
  words[at + 4] = half[0] ?? 0;
  words[at + 5] = half[1] ?? 0;
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** Eight hexadecimal digits of a 32-bit number. */
function hexOf(word: number): string {
  return (
    (HEX[word >>> 24] ?? "") +
    (HEX[(word >>> 16) & 255] ?? "") +
    (HEX[(word >>> 8) & 255] ?? "") +
    (HEX[word & 255] ?? "")
  );
}

/** Gathers entries in their order. */
export class PackedBuilder {
  #words: Uint32Array;
  #marks: Uint8Array;
  #keys: (SourceRow | undefined)[] | undefined;
  count = 0;

  constructor(capacity: number) {
    this.#words = new Uint32Array(capacity * ENTRY_WORDS);
    this.#marks = new Uint8Array(capacity);
  }

  append(from: Packed, index: number): void {
    this.#reserve();
    const to = this.count * ENTRY_WORDS;
    const at = index * ENTRY_WORDS;
    for (let i = 0; i < ENTRY_WORDS; i++) this.#words[to + i] = from.words[at + i] ?? 0;
    this.#marks[this.count] = from.marks[index] ?? 0;
    const key = from.keys?.[index];
    if (key !== undefined || this.#keys !== undefined) {
      this.#keys ??= Array.from({ length: this.count }, () => undefined);
      this.#keys.push(key);
    }
    this.count += 1;
  }

  #reserve(): void {
    if (this.count < this.#marks.length) return;
    const capacity = Math.max(16, this.count * 2);
    const words = new Uint32Array(capacity * ENTRY_WORDS);
    words.set(this.#words);
    const marks = new Uint8Array(capacity);
    marks.set(this.#marks);
    this.#words = words;
    this.#marks = marks;
  }

  /** Entries from `from` to before `to`; views of what the builder holds. */
  slice(from: number, to: number): Packed {
    return {
      count: to - from,
      words: this.#words.subarray(from * ENTRY_WORDS, to * ENTRY_WORDS),
      marks: this.#marks.subarray(from, to),
      keys: this.#keys?.slice(from, to),
    };
  }

  clear(): void {
    this.count = 0;
    this.#keys = undefined;
  }
}

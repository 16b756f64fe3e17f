import { USER_HASH_BYTES } from "../ingest/append.ts";

/**
 * A Golomb-coded set of the user hashes inside one archive file. It answers "surely not" or
 * "perhaps", never wrongly "surely not", so that a deletion opens only files that can hold the user.
 *
 * Each hash is cut to its top `ceil(log2 n) + 16` bits; the sorted cuts are kept as gaps, each gap as
 * a unary quotient and 16 bits of remainder. So a hash that is not inside matches with a probability
 * of at most 2^-16 (1.5e-5), and n hashes take at most 19 bits each.
 *
 * Stored for years: byte 0 the version, byte 1 the bits of a cut, bytes 2 to 5 how many, then the bits,
 * most significant first.
 */
const VERSION = 1;
const HEADER_BYTES = 6;
const REMAINDER_BITS = 16;
/** Of four bytes 25 bits are left wherever in the first of them one begins: so long a run, its stop bit, a remainder. */
const QUOTIENT_IN_WINDOW_MAX = 25 - 1 - REMAINDER_BITS;
/** Buckets of a query: 128 KB of them, which a processor's own memory holds. */
const BUCKET_BITS = 20;
/** Of a hash only this many bits count: what a number holds exactly. */
const HASH_BITS = 53;
/** n stop bits, n remainders of 16 bits, and quotients that sum up to less than 2n. */
const BITS_PER_HASH_MAX = 1 + REMAINDER_BITS + 2;

/** A filter that matches every user, for a file whose lines could not all be read. */
export const MATCHES_EVERYONE: Uint8Array = Uint8Array.of(0);

/** Hashes to look for, as {@link prepareUsers} sorts them. */
export type UserQuery = {
  readonly sorted: Float64Array;
  /** The same cut to so many bits; made when first asked for. */
  readonly cuts: Map<number, QueryCuts>;
};

type QueryCuts = {
  /** Ascending. */
  readonly cuts: Float64Array;
  /** A bit for each value of their first bits, set where there is a cut: nearly all others end there. */
  readonly buckets: Uint8Array;
  /** What makes a bucket of a cut. */
  readonly scale: number;
};

/**
 * The filter of `hashes`: 8 bytes each, in any order, any number of times; eight zero bytes stand
 * for "absent" and are left out. The same set always gives the same bytes.
 */
export function buildUserFilter(hashes: Uint8Array): Uint8Array {
  return filterOf(sortDistinct(hashes));
}

/** The bits of a hash that count, from its first and its last four bytes. */
export function cutOf(high: number, low: number): number {
  return high * 2 ** 21 + (low >>> 11);
}

/** The filter of hashes as {@link cutOf} has them, ascending, each once. */
export function filterOf(distinct: Float64Array): Uint8Array {
  const cutBits = Math.max(0, Math.ceil(Math.log2(distinct.length))) + REMAINDER_BITS;
  const writer = new BitWriter(userFilterBytesMax(distinct.length));
  let count = 0;
  let previous = 0;
  for (const hash of distinct) {
    const cut = cutTo(hash, cutBits);
    if (count > 0 && cut === previous) continue;
    const gap = cut - previous;
    writer.unary(Math.floor(gap / 2 ** REMAINDER_BITS));
    writer.remainder(gap % 2 ** REMAINDER_BITS);
    previous = cut;
    count++;
  }
  return writer.finish(cutBits, count);
}

/** What the filter of that many distinct hashes takes at most, in bytes. */
export function userFilterBytesMax(hashes: number): number {
  return HEADER_BYTES + Math.ceil((hashes * BITS_PER_HASH_MAX) / 8);
}

/** Sorts hashes once, to ask many filters. */
export function prepareUsers(hashes: Uint8Array): UserQuery {
  return { sorted: sortDistinct(hashes), cuts: new Map() };
}

/**
 * Whether any of the users may be in the file. A filter that cannot be read matches: the file then
 * has to be opened, which is slow but never misses anyone.
 */
export function matchesAny(filter: Uint8Array, query: UserQuery): boolean {
  const { sorted } = query;
  if (sorted.length === 0) return false;
  const view = new DataView(filter.buffer, filter.byteOffset, filter.byteLength);
  if (filter.byteLength < HEADER_BYTES || view.getUint8(0) !== VERSION) return true;
  const cutBits = view.getUint8(1);
  const count = view.getUint32(2);
  if (cutBits < REMAINDER_BITS || cutBits > HASH_BITS) return true;
  return holdsAny(view, count, cutsOf(query, cutBits));
}

/** Goes through the filter. All of it is one loop: it runs for every user of every file. */
function holdsAny(view: DataView, count: number, { cuts, buckets, scale }: QueryCuts): boolean {
  const bits = view.byteLength * 8;
  const lastWord = view.byteLength - 4;
  let bit = HEADER_BYTES * 8;
  let cut = 0;
  for (let i = 0; i < count; i++) {
    const byte = bit >>> 3;
    const window = (byte <= lastWord ? view.getUint32(byte) : wordAt(view, byte)) << (bit & 7);
    let quotient = Math.clz32(~window);
    let remainder = (window << (quotient + 1)) >>> REMAINDER_BITS;
    if (quotient > QUOTIENT_IN_WINDOW_MAX) {
      quotient = onesFrom(view, bit, bits);
      const from = bit + quotient + 1;
      remainder = (wordAt(view, from >>> 3) << (from & 7)) >>> REMAINDER_BITS;
    }
    bit += quotient + 1 + REMAINDER_BITS;
    if (bit > bits) return true;
    cut += quotient * 2 ** REMAINDER_BITS + remainder;
    const bucket = Math.trunc(cut * scale);
    const isNear = ((buckets[bucket >>> 3] ?? 0) & (1 << (bucket & 7))) !== 0;
    if (isNear && isAmong(cuts, cut)) return true;
  }
  return false;
}

/** Whether a value is among ascending ones. */
function isAmong(ascending: Float64Array, value: number): boolean {
  let [from, to] = [0, ascending.length];
  while (from < to) {
    const middle = (from + to) >>> 1;
    if ((ascending[middle] ?? 0) < value) from = middle + 1;
    else to = middle;
  }
  return ascending[from] === value;
}

/** Four bytes as a number, the first of them the highest; zeros behind the end. */
function wordAt(view: DataView, at: number): number {
  let word = 0;
  for (let i = at; i < at + 4; i++)
    word = (word << 8) | (i < view.byteLength ? view.getUint8(i) : 0);
  return word;
}

function onesFrom(view: DataView, from: number, end: number): number {
  let bit = from;
  while (bit < end && (view.getUint8(bit >>> 3) & (128 >>> (bit & 7))) !== 0) bit++;
  return bit - from;
}

function cutsOf(query: UserQuery, bits: number): QueryCuts {
  const known = query.cuts.get(bits);
  if (known !== undefined) return known;
  const bucketBits = Math.min(BUCKET_BITS, bits);
  const scale = 2 ** (bucketBits - bits);
  const buckets = new Uint8Array(2 ** (bucketBits - 3));
  const cuts = query.sorted.map((hash) => cutTo(hash, bits));
  for (const cut of cuts) {
    const bucket = Math.trunc(cut * scale);
    buckets[bucket >>> 3] = (buckets[bucket >>> 3] ?? 0) | (1 << (bucket & 7));
  }
  const made = { cuts, buckets, scale };
  query.cuts.set(bits, made);
  return made;
}

function cutTo(hash: number, bits: number): number {
  return Math.floor(hash / 2 ** (HASH_BITS - bits));
}

/** The top 53 bits of each hash, ascending, each once, without the absent ones. */
function sortDistinct(hashes: Uint8Array): Float64Array {
  if (hashes.byteLength % USER_HASH_BYTES !== 0) {
    throw new RangeError(
      `Cannot read user hashes from ${hashes.byteLength} bytes: wanted a multiple of ${USER_HASH_BYTES}`,
    );
  }
  const view = new DataView(hashes.buffer, hashes.byteOffset, hashes.byteLength);
  const all = new Float64Array(hashes.byteLength / USER_HASH_BYTES);
  let present = 0;
  for (let offset = 0; offset < hashes.byteLength; offset += USER_HASH_BYTES) {
    const high = view.getUint32(offset);
    const low = view.getUint32(offset + 4);
    if (high === 0 && low === 0) continue;
    all[present++] = cutOf(high, low);
  }
  return distinctCuts(all.subarray(0, present));
}

/** Sorts hashes as {@link cutOf} has them where they stand: ascending, each once, at the beginning. */
export function distinctCuts(cuts: Float64Array): Float64Array {
  const sorted = cuts.sort();
  let distinct = 0;
  for (const cut of sorted) {
    if (distinct === 0 || cut !== sorted[distinct - 1]) sorted[distinct++] = cut;
  }
  return sorted.subarray(0, distinct);
}

class BitWriter {
  readonly #bytes: Uint8Array;
  #bit = HEADER_BYTES * 8;

  constructor(bytesMax: number) {
    this.#bytes = new Uint8Array(bytesMax);
  }

  /** That many ones, then a zero. */
  unary(quotient: number): void {
    for (let i = 0; i < quotient; i++) this.#one();
    this.#bit++;
  }

  remainder(value: number): void {
    for (let bit = REMAINDER_BITS - 1; bit >= 0; bit--) {
      if (((value >>> bit) & 1) === 1) this.#one();
      else this.#bit++;
    }
  }

  finish(cutBits: number, count: number): Uint8Array {
    const view = new DataView(this.#bytes.buffer);
    view.setUint8(0, VERSION);
    view.setUint8(1, cutBits);
    view.setUint32(2, count);
    return this.#bytes.slice(0, Math.ceil(this.#bit / 8));
  }

  #one(): void {
    const at = this.#bit >>> 3;
    this.#bytes[at] = (this.#bytes[at] ?? 0) | (128 >>> (this.#bit & 7));
    this.#bit++;
  }
}

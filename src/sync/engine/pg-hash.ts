/**
 * Postgres's `hashtextextended` (hash_bytes_extended: lookup3 by Bob Jenkins, as a little-endian
 * server computes it), so that a hash of a file's row is comparable with one that a server computed,
 * and state survives a change of the engine. It is no keyed hash; what keeps strangers from aiming
 * collisions is that seeds are random and secret.
 */

/** The golden ratio and a number of Postgres's own: what the three words begin with. */
const START = 0x9e3779b9 + 3_923_095;

/** Bytes that are mixed in at once. */
export const HASH_BLOCK_BYTES = 12;

/** A 64-bit number in two unsigned halves. */
export type Halves = { high: number; low: number };

/** The halves of a seed, or of any 64-bit number, signed or not. */
export function halvesOf(number: bigint): Halves {
  const bits = BigInt.asUintN(64, number);
  return { high: Number(bits >> 32n), low: Number(bits & 0xffff_ffffn) };
}

/**
 * Hashes the first `length` bytes of `words` and puts the halves into `out`, without any allocation.
 * Bytes from `length` to the next whole block have to be zero, which is why a buffer needs
 * {@link HASH_BLOCK_BYTES} more than its longest text.
 */
export function pgHash(words: Uint32Array, length: number, seed: Halves, out: Halves): void {
  let a = (START + length) | 0;
  let b = a;
  let c = a;
  let at = 0;
  // With a seed, one more mix of nothing but the seed goes first.
  let left = length;
  if (seed.high !== 0 || seed.low !== 0) {
    a = (a + seed.high) | 0;
    b = (b + seed.low) | 0;
    left += HASH_BLOCK_BYTES;
    at = -3;
  }
  for (; left >= HASH_BLOCK_BYTES; left -= HASH_BLOCK_BYTES, at += 3) {
    if (at >= 0) {
      a = (a + (words[at] ?? 0)) | 0;
      b = (b + (words[at + 1] ?? 0)) | 0;
      c = (c + (words[at + 2] ?? 0)) | 0;
    }
    a = (a - c) ^ ((c << 4) | (c >>> 28));
    c = (c + b) | 0;
    b = (b - a) ^ ((a << 6) | (a >>> 26));
    a = (a + c) | 0;
    c = (c - b) ^ ((b << 8) | (b >>> 24));
    b = (b + a) | 0;
    a = (a - c) ^ ((c << 16) | (c >>> 16));
    c = (c + b) | 0;
    b = (b - a) ^ ((a << 19) | (a >>> 13));
    a = (a + c) | 0;
    c = (c - b) ^ ((b << 4) | (b >>> 28));
    b = (b + a) | 0;
  }
  a = (a + (words[at] ?? 0)) | 0;
  b = (b + (words[at + 1] ?? 0)) | 0;
  // The lowest byte of the third word is reserved for the length.
  c = (c + ((words[at + 2] ?? 0) << 8)) | 0;
  c = ((c ^ b) - ((b << 14) | (b >>> 18))) | 0;
  a = ((a ^ c) - ((c << 11) | (c >>> 21))) | 0;
  b = ((b ^ a) - ((a << 25) | (a >>> 7))) | 0;
  c = ((c ^ b) - ((b << 16) | (b >>> 16))) | 0;
  a = ((a ^ c) - ((c << 4) | (c >>> 28))) | 0;
  b = ((b ^ a) - ((a << 14) | (a >>> 18))) | 0;
  c = ((c ^ b) - ((b << 24) | (b >>> 8))) | 0;
  out.high = b >>> 0;
  out.low = c >>> 0;
}

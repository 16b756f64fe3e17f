/**
 * SipHash-1-3 with 128 bits of output: a keyed hash that is fast on short texts and that nobody
 * without the key can aim collisions at. 64-bit words are kept as two 32-bit halves, because BigInt
 * costs some hundred times more. The word views assume a little-endian machine, as all that run
 * workerd are.
 */

/** The four words of a 16-byte key, little endian. */
export type SipKey = Uint32Array;

/** Bytes of one hash. */
export const SIP_HASH_BYTES = 16;

/** Texts up to a third of this are hashed without an allocation; ids are far shorter. */
const SCRATCH_BYTES = 4096;
/** Room for the zero bytes and the length that close the last word. */
const PADDING_BYTES = 8;
/** UTF-8 takes at most three bytes for each UTF-16 unit. */
const UTF8_BYTES_PER_UNIT_MAX = 3;
const ASCII_MAX = 0x7f;

const scratch = new Uint8Array(SCRATCH_BYTES);
const scratchWords = new Int32Array(scratch.buffer);
const encoder = new TextEncoder();
/** What `compress` leaves to be copied; it is read before anything else can run. */
const hash = new Int32Array(4);

/**
 * Reads a key of 32 hexadecimal digits.
 *
 * @throws RangeError when it is anything else; the message does not quote it, since it is a secret.
 */
export function sipKey(hex: string): SipKey {
  if (!/^[0-9a-f]{32}$/i.test(hex)) {
    throw new RangeError("Cannot read a SipHash key: wanted 32 hexadecimal digits");
  }
  const key = new Uint32Array(4);
  const bytes = new Uint8Array(key.buffer);
  for (let i = 0; i < bytes.length; i++)
    bytes[i] = Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16);
  return key;
}

/**
 * Writes the 16 bytes of the hash of `text` (as UTF-8, lone surrogates as U+FFFD) at `offset`.
 *
 * @throws RangeError when `out` has no room there.
 */
export function sipHash128(key: SipKey, text: string, out: Uint8Array, offset: number): void {
  digest(key, text, 2);
  copyOut(out, offset, SIP_HASH_BYTES);
}

/**
 * Writes the first 8 bytes of what {@link sipHash128} writes, for less work.
 *
 * @throws RangeError when `out` has no room there.
 */
export function sipHash64(key: SipKey, text: string, out: Uint8Array, offset: number): void {
  digest(key, text, 1);
  copyOut(out, offset, SIP_HASH_BYTES / 2);
}

function digest(key: SipKey, text: string, halves: number): void {
  const bytesMax = text.length * UTF8_BYTES_PER_UNIT_MAX + PADDING_BYTES;
  if (bytesMax <= SCRATCH_BYTES) {
    compress(key, scratchWords, close(scratch, write(text, scratch)), halves);
    return;
  }
  const long = new Uint8Array(Math.ceil(bytesMax / 8) * 8);
  const words = close(long, encoder.encodeInto(text, long).written);
  compress(key, new Int32Array(long.buffer), words, halves);
}

function copyOut(out: Uint8Array, offset: number, bytes: number): void {
  if (offset < 0 || offset + bytes > out.length) {
    throw new RangeError(`Cannot write a hash at ${offset}: ${out.length} bytes there`);
  }
  for (let i = 0; i < bytes; i++) {
    out[offset + i] = (hash[i >> 2] ?? 0) >>> ((i & 3) * 8);
  }
}

/** Writes `text` as UTF-8 and returns its bytes; plain ASCII, which ids are, without a call out. */
function write(text: string, into: Uint8Array): number {
  const { length } = text;
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > ASCII_MAX) return encoder.encodeInto(text, into).written;
    into[i] = unit;
  }
  return length;
}

/** Fills the last word as SipHash asks, zeros and the length modulo 256, and returns the words. */
function close(bytes: Uint8Array, length: number): number {
  const words = (length >> 3) + 1;
  bytes.fill(0, length, words * 8 - 1);
  bytes[words * 8 - 1] = length & 0xff;
  return words;
}

/**
 * One round for each word, then three for each half of the output. The rounds stand once, in the
 * inner loop, over local variables: an array for the state would halve the speed.
 */
function compress(key: SipKey, input: Int32Array, words: number, halves: number): void {
  const [k0, k1, k2, k3] = [key[0] ?? 0, key[1] ?? 0, key[2] ?? 0, key[3] ?? 0];
  // The constants spell "somepseudorandomlygeneratedbytes"; 0xee marks the 128-bit variant.
  let a0 = k0 ^ 0x70736575;
  let a1 = k1 ^ 0x736f6d65;
  let b0 = k2 ^ 0x6e646f6d ^ 0xee;
  let b1 = k3 ^ 0x646f7261;
  let c0 = k0 ^ 0x6e657261;
  let c1 = k1 ^ 0x6c796765;
  let d0 = k2 ^ 0x79746573;
  let d1 = k3 ^ 0x74656462;
  let t = 0;
  for (let step = 0; step < words + halves; step++) {
    const m0 = step < words ? (input[2 * step] ?? 0) : 0;
    const m1 = step < words ? (input[2 * step + 1] ?? 0) : 0;
    d0 ^= m0;
    d1 ^= m1;
    if (step === words) c0 ^= 0xee;
    if (step === words + 1) b0 ^= 0xdd;
    for (let round = step < words ? 1 : 3; round > 0; round--) {
      t = a0;
      a0 = (a0 + b0) | 0;
      a1 = (a1 + b1 + (a0 >>> 0 < t >>> 0 ? 1 : 0)) | 0;
      t = c0;
      c0 = (c0 + d0) | 0;
      c1 = (c1 + d1 + (c0 >>> 0 < t >>> 0 ? 1 : 0)) | 0;
      t = ((b0 << 13) | (b1 >>> 19)) ^ a0;
      b1 = ((b1 << 13) | (b0 >>> 19)) ^ a1;
      b0 = t;
      t = ((d0 << 16) | (d1 >>> 16)) ^ c0;
      d1 = ((d1 << 16) | (d0 >>> 16)) ^ c1;
      d0 = t;
      // The first word turns by 32 bits here, so its halves change places, then the fourth is added.
      t = a1;
      a1 = a0;
      a0 = (t + d0) | 0;
      a1 = (a1 + d1 + (a0 >>> 0 < t >>> 0 ? 1 : 0)) | 0;
      t = ((d0 << 21) | (d1 >>> 11)) ^ a0;
      d1 = ((d1 << 21) | (d0 >>> 11)) ^ a1;
      d0 = t;
      t = c0;
      c0 = (c0 + b0) | 0;
      c1 = (c1 + b1 + (c0 >>> 0 < t >>> 0 ? 1 : 0)) | 0;
      t = ((b0 << 17) | (b1 >>> 15)) ^ c0;
      b1 = ((b1 << 17) | (b0 >>> 15)) ^ c1;
      b0 = t;
      t = c0;
      c0 = c1;
      c1 = t;
    }
    a0 ^= m0;
    a1 ^= m1;
    if (step < words) continue;
    hash[2 * (step - words)] = a0 ^ b0 ^ c0 ^ d0;
    hash[2 * (step - words) + 1] = a1 ^ b1 ^ c1 ^ d1;
  }
}

import { giveBack, native, nativeBytes, nativeNumbers, takeRoom } from "./native/native.ts";

/**
 * SipHash-1-3 with 128 bits of output: a keyed hash that is fast on short texts and that nobody
 * without the key can aim collisions at.
 */

/** The four words of a 16-byte key, little endian. */
export type SipKey = Uint32Array;

/** Bytes of one hash. */
export const SIP_HASH_BYTES = 16;

/** UTF-8 takes at most three bytes for each UTF-16 unit. */
const UTF8_BYTES_PER_UNIT_MAX = 3;
const ASCII_MAX = 0x7f;
const KEY_WORDS = 4;

const encoder = new TextEncoder();

/**
 * Reads a key of 32 hexadecimal digits.
 *
 * @throws RangeError when it is anything else; the message does not quote it, since it is a secret.
 */
export function sipKey(hex: string): SipKey {
  if (!/^[0-9a-f]{32}$/i.test(hex)) {
    throw new RangeError("Cannot read a SipHash key: wanted 32 hexadecimal digits");
  }
  const key = new Uint32Array(KEY_WORDS);
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
  digest(key, text, out, offset, 2);
}

/**
 * Writes the first 8 bytes of what {@link sipHash128} writes, for less work.
 *
 * @throws RangeError when `out` has no room there.
 */
export function sipHash64(key: SipKey, text: string, out: Uint8Array, offset: number): void {
  digest(key, text, out, offset, 1);
}

/** Room of native memory that holds a key; the caller gives it back. */
export function takeRoomForKey(key: SipKey): number {
  const at = takeRoom(SIP_HASH_BYTES);
  nativeNumbers(at, KEY_WORDS).set(key);
  return at;
}

function digest(key: SipKey, text: string, out: Uint8Array, offset: number, halves: 1 | 2): void {
  const size = (SIP_HASH_BYTES / 2) * halves;
  if (offset < 0 || offset + size > out.length) {
    throw new RangeError(`Cannot write a hash at ${offset}: ${out.length} bytes there`);
  }
  const keyAt = takeRoomForKey(key);
  const hashAt = takeRoom(SIP_HASH_BYTES);
  const textAt = takeRoom(text.length * UTF8_BYTES_PER_UNIT_MAX);
  native.sipHash(keyAt, textAt, write(text, textAt), hashAt, halves);
  const bytes = nativeBytes();
  for (let i = 0; i < size; i++) out[offset + i] = bytes[hashAt + i] ?? 0;
  giveBack(keyAt);
}

/** Writes `text` as UTF-8 and returns its bytes; plain ASCII, which ids are, without a call out. */
function write(text: string, at: number): number {
  const bytes = nativeBytes();
  const { length } = text;
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > ASCII_MAX) return encoder.encodeInto(text, bytes.subarray(at)).written;
    bytes[at + i] = unit;
  }
  return length;
}

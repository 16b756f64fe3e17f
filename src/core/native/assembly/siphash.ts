/**
 * SipHash-1-3 with 128 bits of output: a keyed hash that is fast on short texts and that nobody
 * without the key can aim collisions at.
 */

const WORD_BYTES: i32 = 8;
const FINAL_ROUNDS: i32 = 3;

/**
 * Writes the hash of the `length` bytes at `text` to `out`, under the 16 bytes at `key`.
 *
 * @param halves 1 writes the first 8 bytes, for less work; 2 writes all 16.
 */
export function sipHash(key: i32, text: i32, length: i32, out: i32, halves: i32): void {
  const k0 = load<u64>(key);
  const k1 = load<u64>(key, 8);
  // The constants spell "somepseudorandomlygeneratedbytes"; 0xee marks the 128-bit variant.
  let a = k0 ^ 0x736f6d6570736575;
  let b = k1 ^ 0x646f72616e646f6d ^ 0xee;
  let c = k0 ^ 0x6c7967656e657261;
  let d = k1 ^ 0x7465646279746573;
  const words = length / WORD_BYTES + 1;
  // The round stands once, over locals: one for each word, then three for each half of the output.
  for (let step = 0; step < words + halves; step++) {
    const isWord = step < words;
    const word = isWord ? wordAt(text, length, step) : 0;
    d ^= word;
    if (step == words) c ^= 0xee;
    if (step == words + 1) b ^= 0xdd;
    for (let rounds = isWord ? 1 : FINAL_ROUNDS; rounds > 0; rounds--) {
      a += b;
      c += d;
      b = rotl<u64>(b, 13) ^ a;
      d = rotl<u64>(d, 16) ^ c;
      a = rotl<u64>(a, 32) + d;
      c += b;
      d = rotl<u64>(d, 21) ^ a;
      b = rotl<u64>(b, 17) ^ c;
      c = rotl<u64>(c, 32);
    }
    a ^= word;
    if (!isWord) store<u64>(out + (step - words) * WORD_BYTES, a ^ b ^ c ^ d);
  }
}

/** The word of that number; the last one has the bytes that are left, and the length on top. */
function wordAt(text: i32, length: i32, number: i32): u64 {
  const at = text + number * WORD_BYTES;
  const left = length - number * WORD_BYTES;
  if (left >= WORD_BYTES) return load<u64>(at);
  const bits = <u64>(left * 8);
  const kept = left == 0 ? 0 : load<u64>(at) & (((<u64>1) << bits) - 1);
  return kept | ((<u64>length) << 56);
}

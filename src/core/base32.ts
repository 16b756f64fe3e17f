/** Crockford's alphabet in lower case: no i, l, o or u, so that ids can be read aloud. */
const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";

/** Matches one or more characters of the alphabet; used to build the patterns of ids. */
export const BASE32_CLASS = `[${ALPHABET}]`;

/** Encodes bytes, most significant bit first; the last character is padded with zero bits. */
export function encodeBase32(bytes: Uint8Array): string {
  let text = "";
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += ALPHABET.charAt((held >>> bits) & 31);
    }
    held &= (1 << bits) - 1;
  }
  return bits > 0 ? text + ALPHABET.charAt((held << (5 - bits)) & 31) : text;
}

/** `chars` random characters, five bits of `random`'s bytes each. */
export function randomBase32(chars: number, random: RandomBytes): string {
  return encodeBase32(random(Math.ceil((chars * 5) / 8))).slice(0, chars);
}

/** Encodes a whole number in exactly `chars` characters. */
export function encodeNumber(value: number, chars: number): string {
  if (!Number.isSafeInteger(value) || value < 0 || value >= 32 ** chars) {
    throw new RangeError(
      `Cannot encode ${value} in ${chars} characters: at most ${32 ** chars - 1}`,
    );
  }
  let text = "";
  let rest = value;
  for (let i = 0; i < chars; i++) {
    text = ALPHABET.charAt(rest % 32) + text;
    rest = Math.floor(rest / 32);
  }
  return text;
}

/** The number that {@link encodeNumber} wrote; `undefined` when a character is not of the alphabet. */
export function decodeNumber(text: string): number | undefined {
  let value = 0;
  for (const char of text) {
    const digit = ALPHABET.indexOf(char);
    if (digit < 0) return undefined;
    value = value * 32 + digit;
  }
  return value;
}

/** Fills that many bytes with randomness; injected so that pure functions stay pure. */
export type RandomBytes = (length: number) => Uint8Array;

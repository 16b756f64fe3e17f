/**
 * Characters and small tests on them. Every text that is read here is followed by NULs, which are
 * valid nowhere in JSON, so that loops end by themselves and wide loads stay inside the memory.
 */

export const SPACE: u8 = 0x20;
export const QUOTE: u8 = 0x22;
export const COMMA: u8 = 0x2c;
export const COLON: u8 = 0x3a;
export const BACKSLASH: u8 = 0x5c;
export const OPEN_ARRAY: u8 = 0x5b;
export const CLOSE_ARRAY: u8 = 0x5d;
export const OPEN_OBJECT: u8 = 0x7b;
export const CLOSE_OBJECT: u8 = 0x7d;

const TAB: u8 = 0x09;
const LINE_FEED: u8 = 0x0a;
const CARRIAGE_RETURN: u8 = 0x0d;

export function byteAt(at: i32): u8 {
  return load<u8>(at);
}

/** The first place at or after `at` that is not white space. */
export function skipSpace(at: i32): i32 {
  let i = at;
  while (true) {
    const byte = byteAt(i);
    if (byte > SPACE) return i;
    if (byte != SPACE && byte != LINE_FEED && byte != CARRIAGE_RETURN && byte != TAB) return i;
    i++;
  }
}

export function isDigit(byte: u8): bool {
  return byte >= 0x30 && byte <= 0x39;
}

/** The value of a hexadecimal digit, or -1. */
export function hexValue(byte: u8): i32 {
  if (isDigit(byte)) return byte - 0x30;
  const lower: u8 = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x61 + 10 : -1;
}

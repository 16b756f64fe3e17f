import { BACKSLASH, byteAt, hexValue, QUOTE } from "./bytes";

/**
 * The member names that are looked at. They are written here once by the host, which numbers them;
 * the one candidate for a name is found by its length and its third byte (the closing quote for a
 * name of two).
 */

/** A name that is not looked at. */
export const OTHER: i32 = -1;

/** Bytes of the longest name; and slots for each length. */
export const NAME_BYTES_MAX: i32 = 24;
export const SLOTS_PER_LENGTH: i32 = 32;
/** Bytes between two names of the table; the first of them is the name's length. */
export const NAME_STRIDE: i32 = 32;
const NAMES_MAX: i32 = 64;

/** For each length and third byte: the candidate's number, or OTHER. Written by the host. */
export const candidatesAt: i32 = <i32>memory.data((NAME_BYTES_MAX + 1) * SLOTS_PER_LENGTH);
/** The names themselves. Written by the host. */
export const namesAt: i32 = <i32>memory.data(NAME_STRIDE * NAMES_MAX);

/** A name with its escapes resolved, in quotes. */
const plainAt: i32 = <i32>memory.data(NAME_STRIDE);

/** The number of the name whose JSON string stands from `at` to `end`, quotes included, or OTHER. */
export function nameAt(at: i32, end: i32): i32 {
  const name = lookUp(at, end - at - 2);
  if (name != OTHER) return name;
  for (let i = at; i < end; i++) {
    if (byteAt(i) == BACKSLASH) return escapedNameAt(at, end);
  }
  return OTHER;
}

function lookUp(at: i32, length: i32): i32 {
  if (length > NAME_BYTES_MAX) return OTHER;
  const slot = length * SLOTS_PER_LENGTH + (byteAt(at + 3) & (SLOTS_PER_LENGTH - 1));
  const number = <i32>load<i8>(candidatesAt + slot);
  if (number == OTHER) return OTHER;
  const wanted = namesAt + number * NAME_STRIDE;
  if (<i32>load<u8>(wanted) != length) return OTHER;
  return memory.compare(at + 1, wanted + 1, length) == 0 ? number : OTHER;
}

/** A name written with escapes is the name it stands for; none of ours needs more than `\u00xx`. */
function escapedNameAt(at: i32, end: i32): i32 {
  store<u8>(plainAt, QUOTE);
  let length = 0;
  let i = at + 1;
  while (i < end - 1) {
    if (length == NAME_BYTES_MAX) return OTHER;
    let byte = byteAt(i);
    if (byte != BACKSLASH) {
      i += 1;
    } else if (byteAt(i + 1) == 0x75 && byteAt(i + 2) == 0x30 && byteAt(i + 3) == 0x30) {
      byte = <u8>((hexValue(byteAt(i + 4)) << 4) | hexValue(byteAt(i + 5)));
      i += 6;
    } else {
      return OTHER;
    }
    store<u8>(plainAt + 1 + length, byte);
    length++;
  }
  store<u8>(plainAt + 1 + length, QUOTE);
  return lookUp(plainAt, length);
}

import { BACKSLASH, byteAt, isDigit, QUOTE } from "./bytes";
import { sipHash } from "./siphash";

const MINUS: u8 = 0x2d;
const LETTER_N: u8 = 0x6e;

/** The host has to read the value: it has escapes, or is a number that is not whole. */
const NOT_PLAIN: i32 = 0;
const DONE: i32 = 1;

/**
 * Writes the hash of the id whose JSON stands from `at` to `end` to `out`: of the text of a string,
 * of the digits of a whole number. Nothing is written for `null` and for the empty string.
 */
export function hashId(key: i32, at: i32, end: i32, out: i32, halves: i32): i32 {
  const first = byteAt(at);
  if (first == LETTER_N) return DONE;
  if (first == QUOTE) {
    if (end - at == 2) return DONE;
    for (let i = at + 1; i < end - 1; i++) {
      if (byteAt(i) == BACKSLASH) return NOT_PLAIN;
    }
    sipHash(key, at + 1, end - at - 2, out, halves);
    return DONE;
  }
  for (let i = first == MINUS ? at + 1 : at; i < end; i++) {
    if (!isDigit(byteAt(i))) return NOT_PLAIN;
  }
  sipHash(key, at, end - at, out, halves);
  return DONE;
}

import {
  BACKSLASH,
  byteAt,
  CLOSE_ARRAY,
  CLOSE_OBJECT,
  COLON,
  COMMA,
  hexValue,
  isDigit,
  OPEN_ARRAY,
  OPEN_OBJECT,
  QUOTE,
  skipSpace,
  SPACE,
} from "./bytes";

/**
 * Strict JSON. It finds where values end and accepts exactly what `JSON.parse` accepts, up to a
 * depth; it builds nothing, so that what was sent can be kept byte by byte.
 */

/** The text is not JSON. */
export const MALFORMED: i32 = -1;

/** The text may be JSON, but is nested deeper than NESTING_MAX. */
export const TOO_DEEP: i32 = -2;

/** Levels of objects and arrays; real events use fewer than 20, and readers of archives recurse. */
export const NESTING_MAX: i32 = 200;

const LETTER_U: u8 = 0x75;
/** Bytes looked at together. */
const WIDTH: i32 = 16;

/** The end of the string that opens at `at`, past its closing quote, or MALFORMED. */
export function skipString(at: i32): i32 {
  if (byteAt(at) != QUOTE) return MALFORMED;
  let i = at + 1;
  while (true) {
    i = skipPlain(i);
    const byte = byteAt(i);
    if (byte == QUOTE) return i + 1;
    if (byte != BACKSLASH) return MALFORMED;
    i = skipEscape(i);
    if (i < 0) return i;
  }
}

/** The first place at or after `at` of a quote, a backslash or a control character. */
function skipPlain(at: i32): i32 {
  let i = at;
  while (true) {
    const text = v128.load(i);
    const ends = v128.or(
      v128.or(i8x16.eq(text, i8x16.splat(<i8>QUOTE)), i8x16.eq(text, i8x16.splat(<i8>BACKSLASH))),
      i8x16.lt_u(text, i8x16.splat(<i8>SPACE)),
    );
    const mask = i8x16.bitmask(ends);
    if (mask != 0) return i + ctz(mask);
    i += WIDTH;
  }
}

/** From a backslash to past what it escapes. */
function skipEscape(at: i32): i32 {
  const escape = byteAt(at + 1);
  if (escape == LETTER_U) {
    for (let i = at + 2; i < at + 6; i++) {
      if (hexValue(byteAt(i)) < 0) return MALFORMED;
    }
    return at + 6;
  }
  switch (escape) {
    case 0x22: // "
    case 0x2f: // /
    case 0x5c: // \
    case 0x62: // b
    case 0x66: // f
    case 0x6e: // n
    case 0x72: // r
    case 0x74: // t
      return at + 2;
    default:
      return MALFORMED;
  }
}

/** From the end of a name to the start of its value, over the colon; or MALFORMED. */
export function skipColon(at: i32): i32 {
  const colon = skipSpace(at);
  return byteAt(colon) == COLON ? skipSpace(colon + 1) : MALFORMED;
}

/** The end of the value that begins at `at`; negative when it is malformed or too deep. */
export function skipValue(at: i32, depth: i32): i32 {
  switch (byteAt(at)) {
    case 0x22:
      return skipString(at);
    case 0x7b:
      return skipObject(at, depth);
    case 0x5b:
      return skipArray(at, depth);
    case 0x74: // true
      return load<u32>(at) == 0x65757274 ? at + 4 : MALFORMED;
    case 0x66: // false
      return load<u32>(at + 1) == 0x65736c61 ? at + 5 : MALFORMED;
    case 0x6e: // null
      return load<u32>(at) == 0x6c6c756e ? at + 4 : MALFORMED;
    default:
      return skipNumber(at);
  }
}

function skipObject(at: i32, depth: i32): i32 {
  if (depth >= NESTING_MAX) return TOO_DEEP;
  let i = skipSpace(at + 1);
  if (byteAt(i) == CLOSE_OBJECT) return i + 1;
  while (true) {
    i = skipString(i);
    if (i < 0) return i;
    i = skipColon(i);
    if (i < 0) return i;
    i = skipValue(i, depth + 1);
    if (i < 0) return i;
    i = skipSpace(i);
    const byte = byteAt(i);
    if (byte == CLOSE_OBJECT) return i + 1;
    if (byte != COMMA) return MALFORMED;
    i = skipSpace(i + 1);
  }
}

function skipArray(at: i32, depth: i32): i32 {
  if (depth >= NESTING_MAX) return TOO_DEEP;
  let i = skipSpace(at + 1);
  if (byteAt(i) == CLOSE_ARRAY) return i + 1;
  while (true) {
    i = skipValue(i, depth + 1);
    if (i < 0) return i;
    i = skipSpace(i);
    const byte = byteAt(i);
    if (byte == CLOSE_ARRAY) return i + 1;
    if (byte != COMMA) return MALFORMED;
    i = skipSpace(i + 1);
  }
}

function skipNumber(at: i32): i32 {
  let i = byteAt(at) == 0x2d ? at + 1 : at;
  if (byteAt(i) == 0x30) {
    i++;
  } else {
    i = skipDigits(i);
    if (i < 0) return i;
  }
  if (byteAt(i) == 0x2e) {
    i = skipDigits(i + 1);
    if (i < 0) return i;
  }
  if ((byteAt(i) | 0x20) == 0x65) {
    const sign = byteAt(i + 1);
    i = skipDigits(sign == 0x2b || sign == 0x2d ? i + 2 : i + 1);
  }
  return i;
}

/** The end of one digit or more, or MALFORMED. */
function skipDigits(at: i32): i32 {
  let i = at;
  while (isDigit(byteAt(i))) i++;
  return i > at ? i : MALFORMED;
}

/** Whether an array opens at `at`. */
export function opensArray(at: i32): bool {
  return byteAt(at) == OPEN_ARRAY;
}

/** Whether an object opens at `at`. */
export function opensObject(at: i32): bool {
  return byteAt(at) == OPEN_OBJECT;
}

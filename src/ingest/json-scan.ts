/**
 * Strict JSON over bytes. It finds where values end and accepts exactly what `JSON.parse` accepts,
 * up to a depth; it builds nothing, so that what was sent can be kept byte by byte. The bytes must
 * be valid UTF-8: whoever reads a body decodes it fatally first.
 */

/** The text is not JSON. */
export const MALFORMED = -1;

/** The text may be JSON, but is nested deeper than {@link NESTING_MAX}. */
export const TOO_DEEP = -2;

/** Levels of objects and arrays; real events use fewer than 20, and readers of archives recurse. */
export const NESTING_MAX = 200;

export const QUOTE = 0x22;
export const COMMA = 0x2c;
export const COLON = 0x3a;
export const OPEN_ARRAY = 0x5b;
export const BACKSLASH = 0x5c;
export const CLOSE_ARRAY = 0x5d;
export const OPEN_OBJECT = 0x7b;
export const CLOSE_OBJECT = 0x7d;

const SPACE = 0x20;
const TAB = 0x09;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const PLUS = 0x2b;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const LETTER_U = 0x75;

/** Which characters may follow a backslash, `u` apart. */
const SIMPLE_ESCAPES = new Set(Array.from('"\\/bfnrt', (char) => char.charCodeAt(0)));

/** 1 for every byte that may stand in a string as it is; measured faster than comparing. */
const PLAIN = new Uint8Array(256).fill(1, SPACE);
PLAIN[QUOTE] = 0;
PLAIN[BACKSLASH] = 0;

/** The byte at `at`, or 0 past the end: NUL is valid nowhere, so it ends every loop. */
export function byteAt(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0;
}

/** The first place at or after `at` that is not white space. */
export function skipSpace(bytes: Uint8Array, at: number): number {
  let i = at;
  for (;;) {
    const byte = byteAt(bytes, i);
    if (byte > SPACE) return i;
    if (byte !== SPACE && byte !== LINE_FEED && byte !== CARRIAGE_RETURN && byte !== TAB) return i;
    i++;
  }
}

/** The end of the string that opens at `at`, past its closing quote, or {@link MALFORMED}. */
export function skipString(bytes: Uint8Array, at: number): number {
  if (byteAt(bytes, at) !== QUOTE) return MALFORMED;
  let i = at + 1;
  for (;;) {
    while (PLAIN[byteAt(bytes, i)] === 1) i++;
    const byte = byteAt(bytes, i);
    if (byte === QUOTE) return i + 1;
    if (byte !== BACKSLASH) return MALFORMED;
    const escape = byteAt(bytes, i + 1);
    if (escape === LETTER_U) {
      if (!isHex4(bytes, i + 2)) return MALFORMED;
      i += 6;
    } else if (SIMPLE_ESCAPES.has(escape)) {
      i += 2;
    } else {
      return MALFORMED;
    }
  }
}

/** The end of the value that begins at `at`; negative when it is malformed or too deep. */
export function skipValue(bytes: Uint8Array, at: number, depth: number): number {
  const first = byteAt(bytes, at);
  switch (first) {
    case QUOTE:
      return skipString(bytes, at);
    case OPEN_OBJECT:
      return skipObject(bytes, at, depth);
    case OPEN_ARRAY:
      return skipArray(bytes, at, depth);
    case 0x74:
      return skipWord(bytes, at, "true");
    case 0x66:
      return skipWord(bytes, at, "false");
    case 0x6e:
      return skipWord(bytes, at, "null");
    default:
      return skipNumber(bytes, at);
  }
}

/** From the end of a name to the start of its value, over the colon; or {@link MALFORMED}. */
export function skipColon(bytes: Uint8Array, at: number): number {
  const colon = skipSpace(bytes, at);
  return byteAt(bytes, colon) === COLON ? skipSpace(bytes, colon + 1) : MALFORMED;
}

function skipObject(bytes: Uint8Array, at: number, depth: number): number {
  if (depth >= NESTING_MAX) return TOO_DEEP;
  let i = skipSpace(bytes, at + 1);
  if (byteAt(bytes, i) === CLOSE_OBJECT) return i + 1;
  for (;;) {
    i = skipString(bytes, i);
    if (i < 0) return i;
    i = skipColon(bytes, i);
    if (i < 0) return i;
    i = skipValue(bytes, i, depth + 1);
    if (i < 0) return i;
    i = skipSpace(bytes, i);
    const byte = byteAt(bytes, i);
    if (byte === CLOSE_OBJECT) return i + 1;
    if (byte !== COMMA) return MALFORMED;
    i = skipSpace(bytes, i + 1);
  }
}

function skipArray(bytes: Uint8Array, at: number, depth: number): number {
  if (depth >= NESTING_MAX) return TOO_DEEP;
  let i = skipSpace(bytes, at + 1);
  if (byteAt(bytes, i) === CLOSE_ARRAY) return i + 1;
  for (;;) {
    i = skipValue(bytes, i, depth + 1);
    if (i < 0) return i;
    i = skipSpace(bytes, i);
    const byte = byteAt(bytes, i);
    if (byte === CLOSE_ARRAY) return i + 1;
    if (byte !== COMMA) return MALFORMED;
    i = skipSpace(bytes, i + 1);
  }
}

function skipWord(bytes: Uint8Array, at: number, word: string): number {
  for (let k = 0; k < word.length; k++) {
    if (byteAt(bytes, at + k) !== word.charCodeAt(k)) return MALFORMED;
  }
  return at + word.length;
}

function skipNumber(bytes: Uint8Array, at: number): number {
  let i = byteAt(bytes, at) === MINUS ? at + 1 : at;
  if (byteAt(bytes, i) === ZERO) {
    i++;
  } else {
    i = skipDigits(bytes, i);
    if (i < 0) return i;
  }
  if (byteAt(bytes, i) === POINT) {
    i = skipDigits(bytes, i + 1);
    if (i < 0) return i;
  }
  if ((byteAt(bytes, i) | SPACE) === 0x65) {
    const sign = byteAt(bytes, i + 1);
    i = skipDigits(bytes, sign === PLUS || sign === MINUS ? i + 2 : i + 1);
  }
  return i;
}

/** The end of one digit or more, or {@link MALFORMED}. */
function skipDigits(bytes: Uint8Array, at: number): number {
  let i = at;
  while (byteAt(bytes, i) >= ZERO && byteAt(bytes, i) <= NINE) i++;
  return i > at ? i : MALFORMED;
}

function isHex4(bytes: Uint8Array, at: number): boolean {
  for (let i = at; i < at + 4; i++) {
    const byte = byteAt(bytes, i);
    const isDigit = byte >= ZERO && byte <= NINE;
    const lower = byte | SPACE;
    if (!isDigit && !(lower >= 0x61 && lower <= 0x66)) return false;
  }
  return true;
}

import { byteAt, CLOSE_OBJECT, COMMA, OPEN_OBJECT, QUOTE, skipSpace } from "./bytes";
import { hashId } from "./ids";
import { skipColon, skipString, skipValue } from "./json";
import { nameAt } from "./names";
import { NO_TIME, timeAt } from "./times";

/**
 * Lines of an archive file: where each one stands, whom it names and when it was received. A line
 * whose ids or time are not written plainly is left to the host, which reads it as JSON.
 */

/** Bytes of a row: start, end, whether the host has to read it; then the time, then three hashes. */
const ROW_BYTES: i32 = 48;
const END: i32 = 4;
const IS_LEFT: i32 = 8;
const TIME: i32 = 16;
const HASHES: i32 = 24;
const HASH_BYTES: i32 = 8;

const NEWLINE: u8 = 0x0a;
const ASCII_END: u8 = 0x80;
const WIDTH: i32 = 16;

let userIdName: i32 = 0;
let previousIdName: i32 = 0;
let anonymousIdName: i32 = 0;
let receivedAtName: i32 = 0;

/** Tells the numbers of the names whose values are looked at. */
export function setLineNames(
  userId: i32,
  previousId: i32,
  anonymousId: i32,
  receivedAt: i32,
): void {
  userIdName = userId;
  previousIdName = previousId;
  anonymousIdName = anonymousId;
  receivedAtName = receivedAt;
}

/**
 * Writes a row for each line from `at` to `end`, at most `room` of them, and returns how many. What
 * has no newline at its end counts as a line too; an empty one does not.
 */
export function scanLines(
  from: i32,
  end: i32,
  userKey: i32,
  anonymousKey: i32,
  rows: i32,
  room: i32,
): i32 {
  let count = 0;
  let at = from;
  while (at < end && count < room) {
    const lineEnd = newlineAt(at, end);
    if (lineEnd > at) {
      const row = rows + count * ROW_BYTES;
      memory.fill(row, 0, ROW_BYTES);
      store<i32>(row, at - from);
      store<i32>(row, lineEnd - from, END);
      store<f64>(row, NO_TIME, TIME);
      if (!read(at, lineEnd, row, userKey, anonymousKey)) store<i32>(row, 1, IS_LEFT);
      count++;
    }
    at = lineEnd + 1;
  }
  return count;
}

/** The place of the first newline at or after `at`; `end` when there is none. */
function newlineAt(at: i32, end: i32): i32 {
  let i = at;
  while (i < end) {
    const mask = i8x16.bitmask(i8x16.eq(v128.load(i), i8x16.splat(<i8>NEWLINE)));
    if (mask != 0) return min(i + ctz(mask), end);
    i += WIDTH;
  }
  return end;
}

/** Whether all that matters of the line could be read here. */
function read(at: i32, end: i32, row: i32, userKey: i32, anonymousKey: i32): bool {
  let i = skipSpace(at);
  if (byteAt(i) != OPEN_OBJECT) return false;
  i = skipSpace(i + 1);
  if (byteAt(i) == CLOSE_OBJECT) return isLast(i, end);
  let seen = 0;
  while (i < end) {
    const nameEnd = skipString(i);
    if (nameEnd < 0) return false;
    const name = nameAt(i, nameEnd);
    const value = skipColon(nameEnd);
    if (value < 0) return false;
    i = skipValue(value, 1);
    if (i < 0 || i > end) return false;
    const kind = kindOf(name);
    if (kind >= 0) {
      // Of members that come twice the last one counts: the host's matter.
      if ((seen & (1 << kind)) != 0) return false;
      seen |= 1 << kind;
      if (!take(kind, value, i, row, kind == 2 ? anonymousKey : userKey)) return false;
    }
    i = skipSpace(i);
    const byte = byteAt(i);
    if (byte == CLOSE_OBJECT) return isLast(i, end);
    if (byte != COMMA) return false;
    i = skipSpace(i + 1);
  }
  return false;
}

/** Whether the object that closes at `at` is all that the line holds. */
function isLast(at: i32, end: i32): bool {
  return at < end && skipSpace(at + 1) >= end;
}

/** 0 to 2 for the ids, in the order of their hashes; 3 for the time; negative for all others. */
function kindOf(name: i32): i32 {
  if (name < 0) return -1;
  if (name == userIdName) return 0;
  if (name == previousIdName) return 1;
  if (name == anonymousIdName) return 2;
  return name == receivedAtName ? 3 : -1;
}

function take(kind: i32, at: i32, end: i32, row: i32, key: i32): bool {
  if (kind < 3) {
    return isAscii(at, end) && hashId(key, at, end, row + HASHES + kind * HASH_BYTES, 1) == 1;
  }
  // What is no text is no time.
  if (byteAt(at) != QUOTE) return true;
  const time = timeAt(at + 1, end - 1);
  store<f64>(row, time, TIME);
  return time == time;
}

/** Others are left to the host, which knows what becomes of bytes that are no UTF-8. */
function isAscii(at: i32, end: i32): bool {
  for (let i = at; i < end; i++) {
    if (byteAt(i) >= ASCII_END) return false;
  }
  return true;
}

import { byteAt, CLOSE_ARRAY, CLOSE_OBJECT, COMMA, skipSpace } from "./bytes";
import { MALFORMED, opensArray, opensObject, skipColon, skipString, skipValue } from "./json";
import { nameAt } from "./names";

/**
 * One walk over a request's body that records where the members of its envelope, of its events and
 * of their contexts stand. Of members that come twice the last one counts, as in `JSON.parse`.
 * Places are counted from the first byte of the body.
 */

/** Less the table's number: it is full. The host makes room for twice as much and scans again. */
export const FULL: i32 = -3;

/** Numbers in a row of a table of members: name, start, end of the name, value, end. */
const MEMBER_FIELDS: i32 = 5;
/** Of events: start, end, first and last member, first and last member of the context. */
const ITEM_FIELDS: i32 = 6;
const FIELD_BYTES: i32 = 4;

/** Which object is being walked. */
const ENVELOPE: i32 = 0;
const EVENT: i32 = 1;
const CONTEXT: i32 = 2;

/** The tables, in the order in which the host finds their counts. */
const IN_ENVELOPE: i32 = 0;
const IN_SHARED: i32 = 1;
const IN_MEMBERS: i32 = 2;
const IN_CONTEXTS: i32 = 3;
const IN_ITEMS: i32 = 4;
const TABLES: i32 = 5;

/** For each table: where it is, how many rows fit, how many it has. The first two are the host's. */
export const tablesAt: i32 = <i32>memory.data(TABLES * 3 * FIELD_BYTES);
const PLACE: i32 = 0;
const ROOM: i32 = 4;
const COUNT: i32 = 8;

let base: i32 = 0;
let batchName: i32 = 0;
let contextName: i32 = 0;
let contextFirst: i32 = 0;
let hasBatch: i32 = 0;

function field(table: i32, offset: i32): i32 {
  return load<i32>(tablesAt + table * 3 * FIELD_BYTES + offset);
}

function setCount(table: i32, count: i32): void {
  store<i32>(tablesAt + table * 3 * FIELD_BYTES + COUNT, count);
}

/** Tells the numbers of the two names whose values are walked. */
export function setNames(batch: i32, context: i32): void {
  batchName = batch;
  contextName = context;
}

/** Whether the last body had a `batch` that is an array. */
export function foundBatch(): i32 {
  return hasBatch;
}

/** Scans the batch envelope at `at`, an object. Returns its end or a negative number. */
export function scanEnvelope(from: i32, at: i32): i32 {
  begin(from);
  return walk(at, 0, IN_ENVELOPE, ENVELOPE);
}

/** Scans the one event at `at`, an object. */
export function scanEvent(from: i32, at: i32): i32 {
  begin(from);
  return item(at, 0);
}

/** Records the members of the object at `at` as those of an envelope, and walks nothing in it. */
export function scanObject(from: i32, at: i32): i32 {
  begin(from);
  return walk(at, 0, IN_ENVELOPE, CONTEXT);
}

function begin(from: i32): void {
  base = from;
  hasBatch = 0;
  for (let table = 0; table < TABLES; table++) setCount(table, 0);
}

/** Records the event at `at`; anything but an object is recorded without members. */
function item(at: i32, depth: i32): i32 {
  const first = field(IN_MEMBERS, COUNT);
  contextFirst = field(IN_CONTEXTS, COUNT);
  const end = opensObject(at) ? walk(at, depth, IN_MEMBERS, EVENT) : skipValue(at, depth);
  if (end < 0) return end;
  const count = field(IN_ITEMS, COUNT);
  if (count >= field(IN_ITEMS, ROOM)) return FULL - IN_ITEMS;
  const row = field(IN_ITEMS, PLACE) + count * ITEM_FIELDS * FIELD_BYTES;
  store<i32>(row, at - base);
  store<i32>(row, end - base, 4);
  store<i32>(row, first, 8);
  store<i32>(row, field(IN_MEMBERS, COUNT), 12);
  store<i32>(row, contextFirst, 16);
  store<i32>(row, field(IN_CONTEXTS, COUNT), 20);
  setCount(IN_ITEMS, count + 1);
  return end;
}

function batch(at: i32): i32 {
  let i = skipSpace(at + 1);
  if (byteAt(i) == CLOSE_ARRAY) return i + 1;
  while (true) {
    i = item(i, 2);
    if (i < 0) return i;
    i = skipSpace(i);
    const byte = byteAt(i);
    if (byte == CLOSE_ARRAY) return i + 1;
    if (byte != COMMA) return MALFORMED;
    i = skipSpace(i + 1);
  }
}

/** Records the members of the object at `at`, and returns its end or a negative number. */
function walk(at: i32, depth: i32, into: i32, kind: i32): i32 {
  let i = skipSpace(at + 1);
  if (byteAt(i) == CLOSE_OBJECT) return i + 1;
  while (true) {
    const start = i;
    const nameEnd = skipString(start);
    if (nameEnd < 0) return nameEnd;
    const name = nameAt(start, nameEnd);
    const value = skipColon(nameEnd);
    if (value < 0) return value;
    const isWalked = kind != CONTEXT && (name == contextName || name == batchName);
    i = isWalked ? inner(name, value, depth + 1, kind) : skipValue(value, depth + 1);
    if (i < 0) return i;
    if (!add(into, name, start, nameEnd, value, i)) return FULL - into;
    i = skipSpace(i);
    const byte = byteAt(i);
    if (byte == CLOSE_OBJECT) return i + 1;
    if (byte != COMMA) return MALFORMED;
    i = skipSpace(i + 1);
  }
}

/** Walks a value that has members or events of its own to record. */
function inner(name: i32, at: i32, depth: i32, kind: i32): i32 {
  if (kind == ENVELOPE && name == batchName) {
    for (let table = IN_MEMBERS; table <= IN_ITEMS; table++) setCount(table, 0);
    hasBatch = opensArray(at) ? 1 : 0;
    if (hasBatch) return batch(at);
  } else if (name == contextName) {
    const into = kind == ENVELOPE ? IN_SHARED : IN_CONTEXTS;
    if (kind == ENVELOPE) setCount(IN_SHARED, 0);
    else contextFirst = field(IN_CONTEXTS, COUNT);
    if (opensObject(at)) return walk(at, depth, into, CONTEXT);
  }
  return skipValue(at, depth);
}

function add(table: i32, name: i32, start: i32, nameEnd: i32, value: i32, end: i32): bool {
  const count = field(table, COUNT);
  if (count >= field(table, ROOM)) return false;
  const row = field(table, PLACE) + count * MEMBER_FIELDS * FIELD_BYTES;
  store<i32>(row, name);
  store<i32>(row, start - base, 4);
  store<i32>(row, nameEnd - base, 8);
  store<i32>(row, value - base, 12);
  store<i32>(row, end - base, 16);
  setCount(table, count + 1);
  return true;
}

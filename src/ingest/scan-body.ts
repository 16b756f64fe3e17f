import { giveBack, native, nativeNumbers, takeRoom, takeRoomFor } from "../core/native/native.ts";
import { NAME, teachNames } from "./member-names.ts";
import { Items, ITEM_FIELDS, MEMBER_FIELDS, Members } from "./members.ts";

/** The text is not JSON. */
export const MALFORMED = -1;

/** The text may be JSON, but is nested deeper than {@link NESTING_MAX}. */
export const TOO_DEEP = -2;

/** Levels of objects and arrays; real events use fewer than 20, and readers of archives recurse. */
export const NESTING_MAX = 200;

/** Less the number of a table: it was full. */
const FULL = -3;

/** Where the parts of a body stand in it. */
export type Scanned = {
  /** Past the outermost value, or {@link MALFORMED} or {@link TOO_DEEP}. */
  readonly end: number;
  /** Whether the envelope has a `batch` that is an array. */
  readonly hasBatch: boolean;
  readonly envelope: Members;
  /** Members of the envelope's `context`, when it is an object. */
  readonly shared: Members;
  readonly items: Items;
};

/** What the outermost object is: an envelope with events, or one event. */
export type Shape = "batch" | "event";

/** Bytes of JSON for each row there is room for at first; real events have more of them. */
const BYTES_PER_ROW = 16;
const ROWS_MIN = 64;
const NUMBER_BYTES = 4;

/** Numbers in a row of each table, in the order in which the module counts them. */
const TABLES = [MEMBER_FIELDS, MEMBER_FIELDS, MEMBER_FIELDS, MEMBER_FIELDS, ITEM_FIELDS];
/** The tables before are those of the envelope. */
const FIRST_OF_EVENTS = 2;
/** For each table: its place, its room, its count. */
const TABLE_FIELDS = 3;

teachNames();

/** Scans the object at `at` of `body`, which must be valid UTF-8. Nothing of it is built. */
export function scanBody(body: Uint8Array, at: number, shape: Shape): Scanned {
  const scan = shape === "batch" ? native.scanEnvelope : native.scanEvent;
  return scanWith(body, (bodyAt) => {
    const end = scan(bodyAt, bodyAt + at);
    return end < 0 ? end : end - bodyAt;
  });
}

/** The members of the object that stands from `from` to `to` of `body` and is known to be JSON. */
export function scanObject(body: Uint8Array, from: number, to: number): Members {
  const object = body.subarray(from, to);
  return scanWith(object, (at) => native.scanObject(at - from, at)).envelope;
}

/** The end of the JSON value at `at` of `body`, or a negative number. */
export function scanValue(body: Uint8Array, at: number): number {
  const bodyAt = takeRoomFor(body);
  const end = native.skipValue(bodyAt + at, 0);
  giveBack(bodyAt);
  return end < 0 ? end : end - bodyAt;
}

function scanWith(body: Uint8Array, scan: (bodyAt: number) => number): Scanned {
  const bodyAt = takeRoomFor(body);
  try {
    const rows = TABLES.map((_, table) => rowsAtFirst(table, body.length));
    for (;;) {
      const tablesAt = takeTables(rows);
      const end = scan(bodyAt);
      if (end > FULL) return read(end);
      // Only that one grows, so that no body can make the isolate hold much more than itself.
      rows[FULL - end] = (rows[FULL - end] ?? 0) * 2;
      giveBack(tablesAt);
    }
  } finally {
    giveBack(bodyAt);
  }
}

/** An envelope has few members, and its context too. */
function rowsAtFirst(table: number, bodyBytes: number): number {
  return table < FIRST_OF_EVENTS ? ROWS_MIN : ROWS_MIN + Math.ceil(bodyBytes / BYTES_PER_ROW);
}

/** Makes room for that many rows in each table. */
function takeTables(rows: readonly number[]): number {
  const places = TABLES.map((fields, table) =>
    takeRoom((rows[table] ?? 0) * fields * NUMBER_BYTES),
  );
  const tables = tablesNow();
  for (const [table, place] of places.entries()) {
    tables[table * TABLE_FIELDS] = place;
    tables[table * TABLE_FIELDS + 1] = rows[table] ?? 0;
  }
  return places[0] ?? 0;
}

function read(end: number): Scanned {
  const [envelope, shared, members, contexts, items] = TABLES.map(copyOfTable);
  return {
    end,
    hasBatch: native.foundBatch() === 1,
    envelope: new Members(envelope),
    shared: new Members(shared),
    items: new Items(items ?? new Int32Array(), new Members(members), new Members(contexts)),
  };
}

/** A copy, because the memory is used again as soon as this turn ends. */
function copyOfTable(fields: number, table: number): Int32Array {
  const tables = tablesNow();
  const at = tables[table * TABLE_FIELDS] ?? 0;
  const rows = tables[table * TABLE_FIELDS + 2] ?? 0;
  return nativeNumbers(at, rows * fields).slice();
}

function tablesNow(): Int32Array {
  return nativeNumbers(native.tablesAt.value as number, TABLES.length * TABLE_FIELDS);
}

native.setNames(NAME.batch, NAME.context);

import { cellOf, flatten, storable, type Cell, type Cells } from "./cells.ts";
import { nameFor } from "./names.ts";

type Event = Readonly<Record<string, unknown>>;

/** One event as a row of the table that its type or its name has. */
export type EventRow = {
  readonly table: string;
  readonly cells: Cells;
};

/** The tables that are there whatever events are called, by the type of event they hold. */
const TABLES: Readonly<Record<string, string>> = {
  identify: "identifies",
  page: "pages",
  screen: "screens",
  group: "groups",
  alias: "aliases",
};

const OWN_TABLES = [...Object.values(TABLES), "tracks", "users", "accounts"];

/** Columns of Segment's own, which a property or a trait of that name cannot have. */
const RESERVED_COLUMNS: ReadonlySet<string> = new Set([
  "id",
  "anonymous_id",
  "user_id",
  "group_id",
  "previous_id",
  "event",
  "event_text",
  "received_at",
  "sent_at",
  "timestamp",
  "original_timestamp",
  "uuid",
  "uuid_ts",
]);

/** Fields of an event that every row has, with their columns. */
const COMMON: readonly (readonly [field: string, column: string])[] = [
  ["messageId", "id"],
  ["anonymousId", "anonymous_id"],
  ["userId", "user_id"],
  ["groupId", "group_id"],
  ["previousId", "previous_id"],
];

const TIMES: readonly (readonly [field: string, column: string])[] = [
  ["receivedAt", "received_at"],
  ["sentAt", "sent_at"],
  ["timestamp", "timestamp"],
  ["originalTimestamp", "original_timestamp"],
];

/** Whether a property or a trait may not have a column of that name: it is left out, as by Segment. */
export function isReservedColumn(column: string): boolean {
  return RESERVED_COLUMNS.has(column) || column.startsWith("context_");
}

/**
 * The table of an event; `undefined` for one without an id or of a type that has no table. A track
 * event's table is called like the event.
 */
export function tableOf(event: Event): string | undefined {
  const { type, messageId, event: name } = event;
  if (typeof type !== "string" || typeof messageId !== "string" || messageId === "") {
    return undefined;
  }
  if (type === "track")
    return typeof name === "string" && name !== "" ? eventTable(name) : undefined;
  return Object.hasOwn(TABLES, type) ? TABLES[type] : undefined;
}

/** The row of an event in its own table; `undefined` for an event that has none. */
export function rowOf(event: Event): EventRow | undefined {
  const table = tableOf(event);
  if (table === undefined) return undefined;
  const cells = commonCells(event);
  switch (event["type"]) {
    case "track":
      setText(cells, "event", table);
      setText(cells, "event_text", event["event"]);
      flattenOwn(event["properties"], cells);
      break;
    case "page":
    case "screen":
      setText(cells, "name", event["name"]);
      setText(cells, "category", event["category"]);
      flattenOwn(event["properties"], cells);
      break;
    default:
      flattenOwn(event["traits"], cells);
  }
  return { table, cells };
}

/** The table of a track event: one that is called like a table of ours gets a `_`. */
export function eventTable(event: string): string {
  const name = nameFor(event);
  return OWN_TABLES.includes(name) ? `_${name}` : name;
}

/** What all track events have, for the table `tracks`: no property of any of them. */
export function tracksRow(event: Event, row: EventRow): EventRow {
  const cells = commonCells(event);
  for (const column of ["event", "event_text"]) {
    const cell = row.cells.get(column);
    if (cell !== undefined) cells.set(column, cell);
  }
  return { table: "tracks", cells };
}

/** What an event says of the user or the account it is about, for `users` and `accounts`. */
export type Profile = {
  readonly table: "users" | "accounts";
  readonly id: string;
  /** Orders what is said of the same id: the later one counts. */
  readonly receivedAtMs: number;
  readonly timestampMs: number;
  readonly messageId: string;
  /** Context and traits. */
  readonly cells: Cells;
};

/** Bytes of an id of a profile: a database's index takes no more than about 2,700. */
const PROFILE_ID_BYTES_MAX = 2_000;

/** The profile in an identify or group event; none without an id that it can be kept under. */
export function profileOf(event: Event, row: EventRow): Profile | undefined {
  const table =
    row.table === "identifies" ? "users" : row.table === "groups" ? "accounts" : undefined;
  if (table === undefined) return undefined;
  const id = event[table === "users" ? "userId" : "groupId"];
  if (typeof id !== "string" || id === "") return undefined;
  if (new TextEncoder().encode(id).byteLength > PROFILE_ID_BYTES_MAX) return undefined;
  const receivedAtMs = timeIn(row.cells, "received_at") ?? 0;
  const cells = new Map([...row.cells].filter(([column]) => !RESERVED_COLUMNS.has(column)));
  return {
    table,
    id: storable(id),
    receivedAtMs,
    timestampMs: timeIn(row.cells, "timestamp") ?? receivedAtMs,
    messageId: String(event["messageId"]),
    cells,
  };
}

function timeIn(cells: Cells, column: string): number | undefined {
  const cell = cells.get(column);
  return cell?.type === "timestamp" ? cell.value : undefined;
}

function commonCells(event: Event): Map<string, Cell> {
  const cells = new Map<string, Cell>();
  for (const [field, column] of COMMON) setText(cells, column, event[field]);
  for (const [field, column] of TIMES) {
    const cell = cellOf(event[field]);
    if (cell?.type === "timestamp") cells.set(column, cell);
  }
  const { context } = event;
  if (typeof context === "object" && context !== null && !Array.isArray(context)) {
    flatten(context as Event, "context", cells);
  }
  return cells;
}

function flattenOwn(fields: unknown, cells: Map<string, Cell>): void {
  if (typeof fields !== "object" || fields === null || Array.isArray(fields)) return;
  flatten(fields as Event, "", cells, isReservedColumn);
}

/** Ids and names are text, also those that look like numbers or times. */
function setText(cells: Map<string, Cell>, column: string, value: unknown): void {
  const cell = cellOf(value);
  if (cell === undefined) return;
  const text = cell.type === "timestamp" ? cell.text : String(cell.value);
  if (text !== "") cells.set(column, { type: "text", value: text });
}

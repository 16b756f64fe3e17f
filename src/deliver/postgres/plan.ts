import { valueIn, widened, type Cell, type ColumnType } from "../tables/cells.ts";
import { profileOf, rowOf, tracksRow, type Profile } from "../tables/rows.ts";
import type { Delivery } from "../deliverer.ts";

/** Columns of one table: Postgres's limit is 1,600. What is beyond is left out of the warehouse. */
export const TABLE_COLUMNS_MAX = 1_500;
/** Tables of one schema; events of further names stand in `tracks` only. */
export const SCHEMA_TABLES_MAX = 5_000;

/** Tables of a schema, with the types of their columns; `undefined` for a type that is not ours. */
export type KnownTables = ReadonlyMap<string, ReadonlyMap<string, ColumnType | undefined>>;

/** Rows by table, each as its cells with its id. */
export type TableRows = {
  readonly rows: readonly ReadonlyMap<string, Cell>[];
  /** Whether rows of the same id are merged, or the first of them stays. */
  readonly isProfile: boolean;
};

export type TableChange = {
  readonly table: string;
  readonly isNew: boolean;
  readonly added: ReadonlyMap<string, ColumnType>;
  readonly widened: readonly { column: string; from: ColumnType; to: ColumnType }[];
};

/** The rows of a batch by table, and for each event whether it has any. */
export function rowsByTable(deliveries: readonly Delivery[]): {
  readonly tables: ReadonlyMap<string, TableRows>;
  readonly hasRow: readonly boolean[];
} {
  const tables = new Map<string, Map<string, Cell>[]>();
  const profiles = new Map<string, Map<string, Profile[]>>();
  const hasRow = deliveries.map(({ event }) => {
    const row = rowOf(event);
    if (row === undefined) return false;
    for (const each of event["type"] === "track" ? [tracksRow(event, row), row] : [row]) {
      add(tables, each.table, new Map(each.cells));
    }
    const profile = profileOf(event, row);
    if (profile !== undefined) {
      const ofTable = profiles.get(profile.table) ?? new Map<string, Profile[]>();
      profiles.set(profile.table, ofTable);
      add(ofTable, profile.id, profile);
    }
    return true;
  });
  return {
    hasRow,
    tables: new Map<string, TableRows>([
      ...Array.from(tables, ([table, rows]) => [table, { rows, isProfile: false }] as const),
      ...Array.from(profiles, ([table, ofTable]) => {
        return [
          table,
          { rows: Array.from(ofTable.values(), foldProfiles), isProfile: true },
        ] as const;
      }),
    ]),
  };
}

function add<T>(lists: Map<string, T[]>, name: string, item: T): void {
  const list = lists.get(name);
  if (list === undefined) lists.set(name, [item]);
  else list.push(item);
}

/** One row of what several events said of one id, of which for each column the latest counts. */
function foldProfiles(profiles: readonly Profile[]): ReadonlyMap<string, Cell> {
  const inOrder = profiles.toSorted(
    (a, b) =>
      a.receivedAtMs - b.receivedAtMs ||
      a.timestampMs - b.timestampMs ||
      (a.messageId < b.messageId ? -1 : 1),
  );
  const cells = new Map<string, Cell>();
  for (const profile of inOrder) {
    for (const [column, cell] of profile.cells) cells.set(column, cell);
    cells.set("id", { type: "text", value: profile.id });
    cells.set("received_at", timestamp(profile.receivedAtMs));
    cells.set("timestamp", timestamp(profile.timestampMs));
    cells.set("uuid", { type: "text", value: profile.messageId });
  }
  return cells;
}

function timestamp(ms: number): Cell {
  return { type: "timestamp", value: ms, text: new Date(ms).toISOString() };
}

/** How far tables may be changed. */
export type ChangeLimits = {
  /** How many tables the schema has by now. */
  readonly tableCount: number;
  /** Whether a column was found to keep its type. */
  readonly isFixed: (table: string, column: string) => boolean;
};

/** What has to be made or changed before the rows find their columns. */
export function changesFor(
  tables: ReadonlyMap<string, TableRows>,
  known: KnownTables,
  { tableCount, isFixed }: ChangeLimits,
): readonly TableChange[] {
  const changes: TableChange[] = [];
  let made = tableCount;
  for (const [table, { rows }] of tables) {
    const columns = known.get(table);
    if (columns === undefined && made >= SCHEMA_TABLES_MAX) continue;
    const change = changeOf(table, rows, columns, (column) => isFixed(table, column));
    if (change.isNew) made += 1;
    if (change.isNew || change.added.size > 0 || change.widened.length > 0) changes.push(change);
  }
  return changes;
}

/** Columns that a table gets when it is made. */
const MADE_COLUMNS: readonly (readonly [string, ColumnType])[] = [
  ["id", "text"],
  ["received_at", "timestamp"],
  ["uuid", "text"],
  ["uuid_ts", "timestamp"],
];

function changeOf(
  table: string,
  rows: TableRows["rows"],
  existing: ReadonlyMap<string, ColumnType | undefined> | undefined,
  isFixed: (column: string) => boolean,
): TableChange {
  const columns = new Map(existing ?? MADE_COLUMNS);
  const added = new Map<string, ColumnType>();
  const from = new Map<string, ColumnType>();
  for (const [column, { type }] of rows.flatMap((row) => [...row])) {
    if (!columns.has(column)) {
      if (columns.size >= TABLE_COLUMNS_MAX) continue;
      columns.set(column, type);
      added.set(column, type);
      continue;
    }
    const has = columns.get(column);
    if (has === undefined || isHeldBy(has, type) || isFixed(column)) continue;
    const to = widened(has, type);
    columns.set(column, to);
    if (added.has(column)) added.set(column, to);
    else if (!from.has(column)) from.set(column, has);
  }
  const changed = Array.from(from, ([column, type]) => {
    return { column, from: type, to: columns.get(column) ?? type };
  });
  return { table, isNew: existing === undefined, added, widened: changed };
}

function isHeldBy(has: ColumnType, type: ColumnType): boolean {
  return has === "text" || widened(has, type) === has;
}

/**
 * Rows as a JSON array of objects for the columns that the table has, in the order of their ids, so
 * that two lanes never wait for each other. A value that its column does not take is left out.
 */
export function recordsFor(
  rows: TableRows["rows"],
  columns: ReadonlyMap<string, ColumnType | undefined>,
): { readonly json: string; readonly used: ReadonlyMap<string, ColumnType> } {
  const used = new Map<string, ColumnType>();
  const records = rows.map((row) => {
    const record: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
    for (const [column, cell] of row) {
      const type = columns.get(column);
      const value = type === undefined ? undefined : valueIn(type, cell);
      if (type === undefined || value === undefined) continue;
      used.set(column, type);
      record[column] =
        type === "timestamp" && typeof value === "number" ? new Date(value).toISOString() : value;
    }
    return record;
  });
  records.sort((a, b) => (String(a["id"]) < String(b["id"]) ? -1 : 1));
  return { json: JSON.stringify(records), used };
}

import type { ColumnType } from "../tables/cells.ts";

/** Texts of the statements that tables of a warehouse are made and filled with. */

/** How each type is called where a column is made. */
const TYPE_NAMES: Readonly<Record<ColumnType, string>> = {
  boolean: "boolean",
  integer: "bigint",
  float: "double precision",
  timestamp: "timestamp with time zone",
  text: "text",
};

/** A name as it is written into a statement, whatever characters it has. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function tableName(schema: string, table: string): string {
  return `${quoted(schema)}.${quoted(table)}`;
}

/** The type of a column of ours for what the catalogue calls it; `undefined` for any other. */
export function typeOfColumn(formatted: string): ColumnType | undefined {
  if (formatted === "boolean") return "boolean";
  if (formatted === "bigint") return "integer";
  if (formatted === "double precision" || /^numeric\b/.test(formatted)) return "float";
  if (formatted === "timestamp with time zone") return "timestamp";
  if (formatted === "text" || formatted === "character varying") return "text";
  return undefined;
}

/** Columns of the tables that `$2`, a JSON array, names in the schema `$1`, with their types. */
export const COLUMNS_QUERY = `
  SELECT c.relname AS table, a.attname AS column, format_type(a.atttypid, a.atttypmod) AS type
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  WHERE n.nspname = $1::text AND c.relkind IN ('r', 'p')
    AND c.relname IN (SELECT jsonb_array_elements_text($2::text::jsonb))`;

/** Whether the schema `$1` is there, and how many tables it has. */
export const SCHEMA_QUERY = `
  SELECT count(*)::int AS schemas,
    (SELECT count(*)::int FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = $1::text AND c.relkind IN ('r', 'p')) AS tables
  FROM pg_namespace WHERE nspname = $1::text`;

/** Tables of the schema `$1` with their columns that can name a user. */
export const USER_COLUMNS_QUERY = `
  SELECT c.relname AS table, a.attname AS column
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  WHERE n.nspname = $1::text AND c.relkind IN ('r', 'p')
    AND (a.attname IN ('user_id', 'previous_id', 'anonymous_id')
      OR (c.relname = 'users' AND a.attname = 'id'))
  ORDER BY 1, 2`;

/** Serialises changes of one schema's tables, by whichever lane makes them. */
export const SCHEMA_LOCK_QUERY = `SELECT pg_advisory_xact_lock(hashtextextended('homeport ' || $1::text, 0))`;

export function createSchema(schema: string): string {
  return `CREATE SCHEMA IF NOT EXISTS ${quoted(schema)}`;
}

/** Makes a table with what every one has; the other columns are appended to it. */
export function createTable(schema: string, table: string): string {
  return `CREATE TABLE ${tableName(schema, table)} (
    id text PRIMARY KEY,
    received_at timestamp with time zone,
    uuid text,
    uuid_ts timestamp with time zone DEFAULT now()
  )`;
}

export function addColumns(
  schema: string,
  table: string,
  columns: ReadonlyMap<string, ColumnType>,
): string {
  const added = Array.from(
    columns,
    ([column, type]) => `ADD COLUMN IF NOT EXISTS ${quoted(column)} ${TYPE_NAMES[type]}`,
  );
  return `ALTER TABLE ${tableName(schema, table)} ${added.join(", ")}`;
}

/** Gives a column a type that holds all it had; a timestamp becomes a text as events have them. */
export function widenColumn(
  schema: string,
  table: string,
  column: string,
  from: ColumnType,
  to: ColumnType,
): string {
  const name = quoted(column);
  const value =
    from === "timestamp"
      ? `to_char(${name} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
      : `${name}::${TYPE_NAMES[to]}`;
  return `ALTER TABLE ${tableName(schema, table)}
    ALTER COLUMN ${name} TYPE ${TYPE_NAMES[to]} USING ${value}`;
}

/** Adds rows, given as one JSON array of objects, whose id is not there yet. */
export function insertRows(
  schema: string,
  table: string,
  columns: ReadonlyMap<string, ColumnType>,
): string {
  return `INSERT INTO ${tableName(schema, table)} (${listOf(columns)})
    SELECT ${listOf(columns)} FROM ${recordsOf(columns)}
    ON CONFLICT (id) DO NOTHING`;
}

/**
 * Adds or updates the rows of users or accounts. What was said later counts, by the time it was
 * received, then by its own, then by its id; what was only said earlier is kept, also when it arrives
 * later. Events that were merged before change nothing. (A trait that the row's latest event does not
 * name keeps the first of its values that arrived: no order is kept for each trait by itself.)
 */
export function mergeProfiles(
  schema: string,
  table: string,
  columns: ReadonlyMap<string, ColumnType>,
): string {
  const isLater = `(excluded.received_at, excluded."timestamp", coalesce(excluded.uuid, ''))
    > (coalesce(t.received_at, '-infinity'), coalesce(t."timestamp", '-infinity'), coalesce(t.uuid, ''))`;
  const own = [...columns.keys()].filter((column) => !PROFILE_COLUMNS.includes(column));
  const values = own.map((column) => {
    const name = quoted(column);
    return `${name} = CASE WHEN ${isLater}
      THEN coalesce(excluded.${name}, t.${name}) ELSE coalesce(t.${name}, excluded.${name}) END`;
  });
  const times = [
    ...["received_at", "timestamp", "uuid"].map(
      (column) =>
        `${quoted(column)} = CASE WHEN ${isLater} THEN excluded.${quoted(column)} ELSE t.${quoted(column)} END`,
    ),
    `uuid_ts = now()`,
  ];
  const filled = own.map(
    (column) => `(t.${quoted(column)} IS NULL AND excluded.${quoted(column)} IS NOT NULL)`,
  );
  return `INSERT INTO ${tableName(schema, table)} AS t (${listOf(columns)})
    SELECT ${listOf(columns)} FROM ${recordsOf(columns)}
    ON CONFLICT (id) DO UPDATE SET ${[...values, ...times].join(", ")}
    WHERE ${[isLater, ...filled].join(" OR ")}`;
}

/** Columns of a profile that say which event it is from. */
export const PROFILE_COLUMNS: readonly string[] = ["id", "received_at", "timestamp", "uuid"];

/** Removes rows in which one of these columns has the value. */
export function deleteRows(schema: string, table: string, columns: readonly string[]): string {
  const conditions = columns.map((column) => `${quoted(column)} = $1::text`);
  return `DELETE FROM ${tableName(schema, table)} WHERE ${conditions.join(" OR ")}`;
}

function listOf(columns: ReadonlyMap<string, ColumnType>): string {
  return [...columns.keys()].map(quoted).join(", ");
}

function recordsOf(columns: ReadonlyMap<string, ColumnType>): string {
  const typed = Array.from(columns, ([column, type]) => `${quoted(column)} ${TYPE_NAMES[type]}`);
  return `jsonb_to_recordset($1::text::jsonb) AS x(${typed.join(", ")})`;
}

import { valueIn, widened, type Cells, type ColumnType } from "../tables/cells.ts";

/** Columns that come first, in this order; the others follow by name. */
const FIRST_COLUMNS: readonly string[] = ["id", "received_at", "user_id", "anonymous_id"];

const PARQUET_TYPES = {
  boolean: "BOOLEAN",
  integer: "INT64",
  float: "DOUBLE",
  timestamp: "TIMESTAMP",
  text: "STRING",
} as const satisfies Record<ColumnType, string>;
export type ParquetType = (typeof PARQUET_TYPES)[ColumnType];

type Value = boolean | number | bigint | string | Date | null;

/** One column of a file; all have as many values. */
type ColumnData = {
  readonly name: string;
  readonly type: ParquetType;
  readonly data: readonly Value[];
};

/**
 * A Parquet file with these rows. Each column has the narrowest type that holds all its values in
 * this file; what a row has nothing for is null. The same rows are always the same bytes.
 */
export async function parquetFile(rows: readonly Cells[]): Promise<Uint8Array> {
  const types = new Map<string, ColumnType>();
  for (const [column, { type }] of rows.flatMap((row) => [...row])) {
    types.set(column, widened(types.get(column) ?? type, type));
  }
  const columns = Array.from(types)
    .toSorted(([a], [b]) => placeOf(a) - placeOf(b) || (a < b ? -1 : 1))
    .map(([name, type]) => ({
      name,
      type: PARQUET_TYPES[type],
      data: rows.map((row) => parquetValue(type, row.get(name))),
    }));
  return writeParquet(columns);
}

/** A Parquet file with these columns. */
export async function writeParquet(columns: readonly ColumnData[]): Promise<Uint8Array> {
  const { parquetWriteBuffer } = await import("hyparquet-writer");
  const columnData = columns.map(({ data, ...column }) => ({ ...column, data: [...data] }));
  return new Uint8Array(parquetWriteBuffer({ columnData, createdBy: "homeport" }));
}

function placeOf(column: string): number {
  const place = FIRST_COLUMNS.indexOf(column);
  return place === -1 ? FIRST_COLUMNS.length : place;
}

function parquetValue(type: ColumnType, cell: ReturnType<Cells["get"]>): Value {
  const value = cell === undefined ? undefined : valueIn(type, cell);
  if (value === undefined) return null;
  if (typeof value !== "number") return value;
  if (type === "integer") return BigInt(value);
  return type === "timestamp" ? new Date(value) : value;
}

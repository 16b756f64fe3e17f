import type { ColumnType } from "../source.ts";

/** Types of the server's own, by their number, that are more than text. */
const TYPES: Readonly<Record<number, ColumnType>> = {
  16: "boolean",
  17: "binary",
  20: "integer",
  21: "integer",
  23: "integer",
  26: "integer",
  114: "json",
  700: "float",
  701: "float",
  1082: "date",
  1114: "date_time",
  1184: "date_time",
  1700: "decimal",
  3802: "json",
};

/** What a column of that type holds, as far as mappings care. */
export function columnType(oid: number): ColumnType {
  return TYPES[oid] ?? "text";
}

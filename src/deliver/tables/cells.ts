import { nameFor } from "./names.ts";

/** Types of columns, as Segment's warehouses have them. */
export type ColumnType = "boolean" | "integer" | "float" | "timestamp" | "text";

/** A value of a column: of a timestamp epoch ms and the text it was. */
export type Cell =
  | { readonly type: "boolean"; readonly value: boolean }
  | { readonly type: "integer" | "float"; readonly value: number }
  | { readonly type: "timestamp"; readonly value: number; readonly text: string }
  | { readonly type: "text"; readonly value: string };

export type Cells = ReadonlyMap<string, Cell>;

/** Objects within each other that become columns; what is deeper is kept as JSON. */
const FLATTEN_LEVELS_MAX = 10;

/** ISO 8601 with a time and a zone; whatever is less than that stays a text. */
const TIMESTAMP =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})$/;

/**
 * Puts the fields of an object into `cells`: nested objects are flattened with `_`, arrays become
 * JSON, nulls nothing. Of two fields whose columns have the same name the first one stays, and so
 * does whatever was in `cells` before.
 */
export function flatten(
  fields: Readonly<Record<string, unknown>>,
  prefix: string,
  cells: Map<string, Cell>,
  isReserved: (column: string) => boolean = () => false,
): void {
  for (const [path, value] of leaves(fields, prefix, 1)) {
    const column = nameFor(path);
    const cell = cellOf(value);
    if (cell !== undefined && !cells.has(column) && !isReserved(column)) cells.set(column, cell);
  }
}

function* leaves(
  fields: Readonly<Record<string, unknown>>,
  prefix: string,
  level: number,
): Generator<readonly [path: string, value: unknown]> {
  for (const [name, value] of Object.entries(fields)) {
    const path = prefix === "" ? name : `${prefix}_${name}`;
    const isMap = typeof value === "object" && value !== null && !Array.isArray(value);
    if (isMap && level < FLATTEN_LEVELS_MAX) {
      yield* leaves(value as Readonly<Record<string, unknown>>, path, level + 1);
    } else {
      yield [path, value];
    }
  }
}

/** The cell for a JSON value; none for null. */
export function cellOf(value: unknown): Cell | undefined {
  if (value === null || value === undefined) return undefined;
  if (typeof value === "boolean") return { type: "boolean", value };
  if (typeof value === "string") return cellOfText(value);
  if (typeof value !== "number") return cellOfObject(value);
  // Zero has no sign in a database, and what is beyond 53 bits is no integer that JSON can be read to.
  const type = Number.isSafeInteger(value) ? "integer" : "float";
  return { type, value: value + 0 };
}

/** JSON, or nothing for what is nested more deeply than the stack holds. */
function cellOfObject(value: unknown): Cell | undefined {
  try {
    return { type: "text", value: storable(JSON.stringify(value)) };
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function cellOfText(value: string): Cell {
  const atMs = TIMESTAMP.test(value) ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(atMs)) return { type: "text", value: storable(value) };
  return { type: "timestamp", value: atMs, text: value };
}

/** Without what no database takes: NUL characters, and halves of surrogate pairs. */
export function storable(text: string): string {
  return text.replaceAll("\0", "").toWellFormed();
}

/**
 * The type of a column that has to hold values of both types: an integer is a float too, and for
 * whatever else differs there is text.
 */
export function widened(a: ColumnType, b: ColumnType): ColumnType {
  if (a === b) return a;
  const areNumbers = [a, b].every((type) => type === "integer" || type === "float");
  return areNumbers ? "float" : "text";
}

/** The value of a cell in a column of that type; `undefined` where it does not fit. */
export function valueIn(type: ColumnType, cell: Cell): boolean | number | string | undefined {
  if (type === "text") return cell.type === "timestamp" ? cell.text : String(cell.value);
  return widened(type, cell.type) === type ? cell.value : undefined;
}

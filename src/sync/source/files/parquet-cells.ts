import type { FileMetaData, ParquetParsers, SchemaElement } from "hyparquet";

import type { ColumnType } from "../source.ts";

/** A column of a Parquet file, and how a value of it becomes the text of a cell. */
export type ParquetColumn = {
  readonly name: string;
  readonly type: ColumnType;
  readonly textOf: (value: unknown) => string;
};

const NANOS_PER_SECOND = 1_000_000_000n;
const NANO_DIGITS = 9;
const NANOS_PER_MILLI = 1_000_000n;
const NANOS_PER_MICRO = 1_000n;
const MILLIS_PER_DAY = 86_400_000;
const FLOAT_DIGITS_MAX = 9;

/** A mark at the beginning of a text is a part of it, and makes it another key. */
const decoder = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });

/** Has the library hand over instants as texts that lose nothing, and everything else as it stands. */
export const PARSERS: Partial<ParquetParsers> = {
  timestampFromMilliseconds: (millis: bigint) => instantText(BigInt(millis) * NANOS_PER_MILLI),
  timestampFromMicroseconds: (micros: bigint) => instantText(micros * NANOS_PER_MICRO),
  timestampFromNanoseconds: (nanos: bigint) => instantText(nanos),
  dateFromDays: (days: number) => new Date(days * MILLIS_PER_DAY).toISOString().slice(0, 10),
  jsonFromBytes: (bytes: Uint8Array) => decoder.decode(bytes),
  stringFromBytes: (bytes: Uint8Array | undefined) => bytes && decoder.decode(bytes),
};

/**
 * The columns of a file, and its metadata so that decimals come as the whole numbers that they are
 * stored as: the library would make floating numbers of them.
 */
export function parquetColumns(metadata: FileMetaData): {
  readonly columns: readonly ParquetColumn[];
  readonly metadata: FileMetaData;
} {
  const [root, ...elements] = metadata.schema;
  const columns: ParquetColumn[] = [];
  const schema: SchemaElement[] = root === undefined ? [] : [root];
  let nested = 0;
  for (const element of elements) {
    const isTop = nested === 0;
    nested += (element.num_children ?? 0) - (isTop ? 0 : 1);
    const isPlain =
      isTop && (element.num_children ?? 0) === 0 && element.repetition_type !== "REPEATED";
    if (isTop) columns.push(isPlain ? plainColumn(element) : jsonColumn(element.name));
    const isDecimal = isPlain && decimalScale(element) !== undefined;
    schema.push(isDecimal ? undecorated(element) : element);
  }
  return { columns, metadata: { ...metadata, schema } };
}

/** Columns that say no more than how they are stored. */
const PLAIN_TYPES: ReadonlyMap<SchemaElement["type"], Omit<ParquetColumn, "name">> = new Map([
  ["BOOLEAN", { type: "boolean", textOf: String }],
  ["INT32", { type: "integer", textOf: String }],
  ["INT64", { type: "integer", textOf: String }],
  ["FLOAT", { type: "float", textOf: floatText }],
  ["DOUBLE", { type: "float", textOf: String }],
]);

function plainColumn(element: SchemaElement): ParquetColumn {
  const { name, type, converted_type: converted, logical_type: logical } = element;
  const scale = decimalScale(element);
  if (scale !== undefined) return { name, type: "decimal", textOf: (v) => decimalText(v, scale) };
  if (converted === "DATE" || logical?.type === "DATE")
    return { name, type: "date", textOf: String };
  const isInstant = logical?.type === "TIMESTAMP" || converted?.startsWith("TIMESTAMP") === true;
  if (isInstant || (type === "INT96" && converted === undefined)) {
    // Without a zone only where the file says that it is local time.
    const isLocal = logical?.type === "TIMESTAMP" && !logical.isAdjustedToUTC;
    return {
      name,
      type: "date_time",
      textOf: (value) => `${String(value)}${isLocal ? "" : "+00"}`,
    };
  }
  if (converted === "JSON" || logical?.type === "JSON")
    return { name, type: "json", textOf: String };
  const unit = timeUnit(element);
  if (unit !== undefined) return { name, type: "text", textOf: (value) => timeText(value, unit) };
  if (logical?.type === "FLOAT16") return { name, type: "float", textOf: String };
  const plain = PLAIN_TYPES.get(type);
  return plain === undefined ? textColumn(element) : { name, ...plain };
}

function textColumn({
  name,
  converted_type: converted,
  logical_type: logical,
}: SchemaElement): ParquetColumn {
  const isText =
    converted === "UTF8" ||
    converted === "ENUM" ||
    logical?.type === "STRING" ||
    logical?.type === "ENUM" ||
    logical?.type === "UUID";
  return { name, type: isText ? "text" : "binary", textOf: bytesOrText };
}

function jsonColumn(name: string): ParquetColumn {
  return { name, type: "json", textOf: jsonText };
}

/** Nanoseconds of what a time of a day is counted in; `undefined` for any other column. */
function timeUnit({ converted_type: converted, logical_type: logical }: SchemaElement) {
  const unit = logical?.type === "TIME" ? logical.unit : undefined;
  if (unit === "MILLIS" || converted === "TIME_MILLIS") return NANOS_PER_MILLI;
  if (unit === "MICROS" || converted === "TIME_MICROS") return NANOS_PER_MICRO;
  return unit === "NANOS" ? 1n : undefined;
}

function decimalScale(element: SchemaElement): number | undefined {
  const { converted_type: converted, logical_type: logical } = element;
  if (logical?.type === "DECIMAL") return logical.scale;
  return converted === "DECIMAL" ? (element.scale ?? 0) : undefined;
}

function undecorated(element: SchemaElement): SchemaElement {
  const { converted_type: _converted, logical_type: _logical, ...plain } = element;
  return plain;
}

function decimalText(value: unknown, scale: number): string {
  const whole =
    value instanceof Uint8Array ? signedNumber(value) : BigInt(value as number | bigint);
  const digits = String(whole < 0n ? -whole : whole).padStart(scale + 1, "0");
  const sign = whole < 0n ? "-" : "";
  if (scale === 0) return sign + digits;
  return `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

function signedNumber(bytes: Uint8Array): bigint {
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return BigInt.asIntN(bytes.length * 8, value);
}

/** The shortest text that is the same 32-bit number. */
function floatText(value: unknown): string {
  const number = Number(value);
  for (let digits = 6; digits < FLOAT_DIGITS_MAX; digits += 1) {
    const text = String(Number(number.toPrecision(digits)));
    if (Math.fround(Number(text)) === number) return text;
  }
  return String(number);
}

function bytesOrText(value: unknown): string {
  if (!(value instanceof Uint8Array)) return String(value);
  return `\\x${Array.from(value, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

function jsonText(value: unknown): string {
  if (value === null || value === undefined) return "null";
  if (typeof value === "bigint") return String(value);
  if (value instanceof Uint8Array) return JSON.stringify(bytesOrText(value));
  if (value instanceof Date) return JSON.stringify(value.toISOString());
  if (Array.isArray(value)) return `[${value.map(jsonText).join(",")}]`;
  if (ArrayBuffer.isView(value)) return jsonText(Array.from(value as unknown as number[]));
  if (typeof value !== "object") return JSON.stringify(value);
  const members = Object.entries(value).map(
    ([name, of]) => `${JSON.stringify(name)}:${jsonText(of)}`,
  );
  return `{${members.join(",")}}`;
}

/** As Postgres writes it, without a zone: `2026-03-01 10:00:00.25`. */
function instantText(nanos: bigint): string {
  const seconds = floorDivide(nanos, NANOS_PER_SECOND);
  const whole = new Date(Number(seconds) * 1_000).toISOString().slice(0, -5).replace("T", " ");
  return whole + fractionText(nanos - seconds * NANOS_PER_SECOND);
}

/** A time of a day, from what the file counts it in. */
function timeText(value: unknown, nanosPerUnit: bigint): string {
  const nanos = BigInt(value as number | bigint) * nanosPerUnit;
  const seconds = nanos / NANOS_PER_SECOND;
  const whole = new Date(Number(seconds) * 1_000).toISOString().slice(11, 19);
  return whole + fractionText(nanos % NANOS_PER_SECOND);
}

function fractionText(nanos: bigint): string {
  const digits = String(nanos).padStart(NANO_DIGITS, "0").replace(/0+$/, "");
  return digits === "" ? "" : `.${digits}`;
}

function floorDivide(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  return value % by < 0n ? quotient - 1n : quotient;
}

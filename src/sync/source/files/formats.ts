import type { Bucket } from "../../../s3/bucket.ts";
import { SourceFailure, type ColumnType, type SourceColumn, type SourceRow } from "../source.ts";
import { CsvReader } from "./csv.ts";
import { badFile } from "./failure.ts";
import type { FileFormat } from "./folders.ts";
import { commonType, readObject } from "./ndjson.ts";
import { ParquetFile } from "./parquet.ts";
import { linesOf, readText, type FileOpened, type FileRef } from "./text.ts";

/** How files are read for one purpose. */
export type FileReading = {
  readonly bucket: Bucket;
  readonly signal: AbortSignal;
  readonly opened: FileOpened;
  readonly counted: (bytes: number) => void;
};

/** The columns whose cells are wanted, and those that each file has to have. */
type Wanted = { readonly columns: readonly string[]; readonly all: readonly string[] };

type Format = {
  /** @throws SourceFailure. */
  columns(reading: FileReading, file: FileRef): Promise<readonly SourceColumn[]>;
  /** @throws SourceFailure, also for a file with other columns than the first. */
  rows(reading: FileReading, file: FileRef, wanted: Wanted): AsyncIterable<readonly SourceRow[]>;
};

/** Records of NDJSON looked at for its columns. */
const LOOKED_AT_MAX = 1_000;
const COLUMNS_MAX = 512;

export const FORMATS: Readonly<Record<FileFormat, Format>> = {
  csv: {
    columns: async (reading, file) => {
      for await (const [header] of csvRows(reading, file)) {
        if (header !== undefined) return headerOf(header).map((name) => ({ name, type: "text" }));
      }
      throw badFile("it has no header");
    },
    rows: csvCells,
  },
  ndjson: { columns: ndjsonColumns, rows: ndjsonCells },
  parquet: {
    columns: async (reading, file) => {
      const opened = await ParquetFile.open(reading.bucket, file, reading.signal, reading);
      return opened.columns.map(({ name, type }) => ({ name, type }));
    },
    rows: async function* (reading, file, { columns, all }) {
      const opened = await ParquetFile.open(reading.bucket, file, reading.signal, reading);
      checkSame(
        opened.columns.map(({ name }) => name),
        all,
      );
      yield* opened.read(columns, reading.signal);
    },
  },
};

async function* csvRows(reading: FileReading, file: FileRef): AsyncGenerator<readonly SourceRow[]> {
  const csv = new CsvReader();
  for await (const text of readText(reading.bucket, file, reading.signal, reading)) {
    yield csv.add(text);
  }
  yield csv.finish();
}

async function* csvCells(
  reading: FileReading,
  file: FileRef,
  { columns, all }: Wanted,
): AsyncGenerator<readonly SourceRow[]> {
  let header: readonly string[] | undefined;
  let places: readonly number[] = [];
  for await (const found of csvRows(reading, file)) {
    let rows = found;
    if (header === undefined) {
      const [first, ...others] = found;
      if (first === undefined) continue;
      const names = headerOf(first);
      checkSame(names, all);
      places = columns.map((column) => names.indexOf(column));
      header = names;
      rows = others;
    }
    const width = header.length;
    yield rows.map((row) => {
      if (row.length !== width) throw badFile(`a row has ${row.length} cells, its header ${width}`);
      return places.map((place) => row[place] ?? null);
    });
  }
}

function headerOf(row: SourceRow): readonly string[] {
  const names = row.map((name) => (name ?? "").trim());
  if (names.includes("")) throw badFile("a column has no name");
  if (new Set(names).size < names.length) throw badFile("two columns have the same name");
  if (names.length > COLUMNS_MAX) throw badFile(`it has more than ${COLUMNS_MAX} columns`);
  return names;
}

async function ndjsonColumns(
  reading: FileReading,
  file: FileRef,
): Promise<readonly SourceColumn[]> {
  const types = new Map<string, ColumnType | undefined>();
  let looked = 0;
  for await (const lines of linesOf(readText(reading.bucket, file, reading.signal, reading))) {
    for (const line of lines) {
      for (const [name, { type }] of readObject(line)) {
        types.set(name, commonType(types.get(name), type));
      }
      if ((looked += 1) >= LOOKED_AT_MAX) return columnsOf(types);
    }
  }
  return columnsOf(types);
}

function columnsOf(types: ReadonlyMap<string, ColumnType | undefined>): readonly SourceColumn[] {
  if (types.size === 0) throw badFile("it has no record");
  if (types.size > COLUMNS_MAX) throw badFile(`it has more than ${COLUMNS_MAX} columns`);
  return Array.from(types, ([name, type = "text"]) => ({ name, type }));
}

/** A member that a record does not have is NULL: records of NDJSON need not be alike. */
async function* ndjsonCells(
  reading: FileReading,
  file: FileRef,
  { columns }: Wanted,
): AsyncGenerator<readonly SourceRow[]> {
  for await (const lines of linesOf(readText(reading.bucket, file, reading.signal, reading))) {
    yield lines.map((line) => {
      const cells = readObject(line);
      return columns.map((column) => cells.get(column)?.text ?? null);
    });
  }
}

function checkSame(names: readonly string[], wanted: readonly string[]): void {
  const isSame = names.length === wanted.length && wanted.every((name) => names.includes(name));
  if (isSame) return;
  const message = "A file has other columns than the first";
  throw new SourceFailure("columns_differ", message, false);
}

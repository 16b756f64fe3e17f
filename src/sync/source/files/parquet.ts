import { parquetMetadataAsync, parquetRead, type AsyncBuffer, type FileMetaData } from "hyparquet";

import type { Bucket } from "../../../s3/bucket.ts";
import { SourceFailure, type SourceRow } from "../source.ts";
import { COMPRESSORS } from "./decompress.ts";
import { badFile, bucketFailure } from "./failure.ts";
import { PARSERS, parquetColumns, type ParquetColumn } from "./parquet-cells.ts";
import { fileFailure, type FileOpened, type FileRef } from "./text.ts";

/** Bytes of the chosen columns, decompressed, that are held at once. */
const HELD_BYTES_MAX = 24_000_000;
/** Cells held at once: small ones cost more than their bytes. */
const HELD_CELLS_MAX = 4_000_000;
/** Bytes fetched for the metadata at first: those of most files. */
const FOOTER_BYTES = 65_536;
/** Bytes of a file's metadata: more is a file of far too many parts. */
const METADATA_BYTES_MAX = 16_000_000;

/** A Parquet file of a bucket, read by ranges. */
export class ParquetFile {
  readonly columns: readonly ParquetColumn[];
  readonly #buffer: AsyncBuffer;
  readonly #metadata: FileMetaData;

  private constructor(buffer: AsyncBuffer, metadata: FileMetaData) {
    const read = parquetColumns(metadata);
    this.columns = read.columns;
    this.#metadata = read.metadata;
    this.#buffer = buffer;
  }

  /** @throws SourceFailure. */
  static async open(
    bucket: Bucket,
    file: FileRef,
    signal: AbortSignal,
    told: { readonly opened: FileOpened; readonly counted: (bytes: number) => void },
  ): Promise<ParquetFile> {
    const buffer = bufferOf(bucket, file, signal, told);
    // The file itself says how long they are, so what would be fetched is looked at first.
    const bounded: AsyncBuffer = {
      ...buffer,
      slice: (from, before = buffer.byteLength) => {
        if (before - from > METADATA_BYTES_MAX) throw badFile("its metadata are too large");
        return buffer.slice(from, before);
      },
    };
    const metadata = await understood(signal, () =>
      parquetMetadataAsync(bounded, { initialFetchSize: FOOTER_BYTES }),
    );
    return new ParquetFile(buffer, metadata);
  }

  /**
   * The cells of these columns, part by part, each at most as large as may be held.
   *
   * @throws SourceFailure for a row group that is too large and has no page index to read it by.
   */
  async *read(names: readonly string[], signal: AbortSignal): AsyncGenerator<readonly SourceRow[]> {
    const chosen = names.map((name) => {
      const column = this.columns.find((each) => each.name === name);
      if (column !== undefined) return column;
      throw new SourceFailure("no_such_column", `A file has no column "${name}"`, false);
    });
    let start = 0;
    for (const group of this.#metadata.row_groups) {
      const rows = Number(group.num_rows);
      const step = rowsAtOnce(group, names);
      for (let from = 0; from < rows; from += step) {
        yield this.#part(chosen, start + from, start + Math.min(from + step, rows), signal);
      }
      start += rows;
    }
  }

  async #part(
    columns: readonly ParquetColumn[],
    rowStart: number,
    rowEnd: number,
    signal: AbortSignal,
  ): Promise<readonly SourceRow[]> {
    let rows: readonly (readonly unknown[])[] = [];
    await understood(signal, () =>
      parquetRead({
        file: this.#buffer,
        metadata: this.#metadata,
        columns: columns.map(({ name }) => name),
        rowStart,
        rowEnd,
        compressors: COMPRESSORS,
        parsers: PARSERS,
        utf8: false,
        useOffsetIndex: true,
        onComplete: (found) => {
          rows = found as readonly (readonly unknown[])[];
        },
      }),
    );
    return rows.map((row) =>
      columns.map(({ textOf }, at) => {
        const value = row[at];
        return value === null || value === undefined ? null : textOf(value);
      }),
    );
  }
}

type RowGroup = FileMetaData["row_groups"][number];

/** Rows of a group that are read at once: all of them, or by pages where the group is too large. */
export function rowsAtOnce(group: RowGroup, names: readonly string[]): number {
  const chunks = group.columns.filter(({ meta_data: meta }) =>
    names.includes(meta?.path_in_schema[0] ?? ""),
  );
  const rows = Number(group.num_rows);
  const bytes = chunks.reduce((sum, { meta_data: meta }) => {
    return sum + Number(meta?.total_uncompressed_size ?? 0n);
  }, 0);
  const parts = Math.ceil(
    Math.max(bytes / HELD_BYTES_MAX, (rows * Math.max(chunks.length, 1)) / HELD_CELLS_MAX),
  );
  if (parts <= 1) return Math.max(rows, 1);
  // Without it each part would mean to read the whole group again.
  if (chunks.some(({ offset_index_offset: offset }) => offset === undefined)) {
    const size = Math.round(HELD_BYTES_MAX / 1_000_000);
    throw badFile(
      `a row group is over ${size} MB or ${HELD_CELLS_MAX} cells and has no page index`,
    );
  }
  return Math.ceil(rows / parts);
}

function bufferOf(
  bucket: Bucket,
  { key, size }: FileRef,
  signal: AbortSignal,
  told: { readonly opened: FileOpened; readonly counted: (bytes: number) => void },
): AsyncBuffer {
  return {
    byteLength: size,
    slice: async (from, before = size) => {
      const got = await bucket.get(key, { signal, range: { from, before } });
      if (!got.ok) throw bucketFailure(got.error);
      told.opened({ key, size }, got.value.etag);
      const bytes = await wholeOf(got.value.body);
      told.counted(bytes.byteLength);
      return bytes;
    },
  };
}

async function wholeOf(body: ReadableStream<Uint8Array>): Promise<ArrayBuffer> {
  try {
    return await new Response(body).arrayBuffer();
  } catch {
    throw new SourceFailure("cut_off", "The bucket broke off", true);
  }
}

/** Runs what the library does; what it says may quote the file. */
async function understood<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof SourceFailure || signal.aborted) throw fileFailure(error, signal);
    throw badFile("it is not Parquet that can be read here");
  }
}

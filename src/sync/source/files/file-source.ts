import type { Bucket } from "../../../s3/bucket.ts";
import type { ListedObject } from "../../../s3/list-xml.ts";
import { RowHasher } from "../../engine/row-hash.ts";
import type { Model } from "../../model.ts";
import {
  SHOWN_BYTES_MAX,
  SourceFailure,
  type HashedRow,
  type HashSeeds,
  type RowBatch,
  type RowSource,
  type Selection,
  type SourceColumn,
  type SourceRow,
} from "../source.ts";
import { badFile } from "./failure.ts";
import { listFiles } from "./folders.ts";
import { FORMATS, type FileReading } from "./formats.ts";
import type { FileRef } from "./text.ts";

export type FolderModel = Extract<Model, { readonly kind: "folder" }>;

/** Rows handed over at once. */
const BATCH_ROWS_MAX = 1_000;

/**
 * Opens a folder of files as a table: lists them and looks at the first for its columns.
 *
 * @throws SourceFailure.
 */
export async function openFileSource(
  bucket: Bucket,
  model: FolderModel,
  seeds: HashSeeds,
  signal: AbortSignal,
): Promise<FileSource> {
  const { prefix, format, files } = model;
  const listed = await listFiles(bucket, { prefix, format, files }, signal);
  const [first] = listed;
  if (first === undefined) throw badFile("there is none");
  const reading = newReading(bucket, signal);
  const columns = await FORMATS[format].columns(reading, first);
  return new FileSource({ bucket, listed, columns, format, seeds });
}

type Parts = {
  readonly bucket: Bucket;
  readonly listed: readonly ListedObject[];
  readonly columns: readonly SourceColumn[];
  readonly format: FolderModel["format"];
  readonly seeds: HashSeeds;
};

/** Files of one folder, read one after the other, always in the same order. */
export class FileSource implements RowSource {
  readonly kind = "rows";
  readonly columns: readonly SourceColumn[];
  readonly #parts: Parts;
  /** What each file was when it was read first. */
  readonly #etags = new Map<string, string>();

  constructor(parts: Parts) {
    this.#parts = parts;
    this.columns = parts.columns;
  }

  async *read(selection: Selection, signal: AbortSignal): AsyncGenerator<RowBatch> {
    const { columns, key } = selection;
    this.#check([...columns, ...key]);
    const places = key.map((column) => columns.indexOf(column));
    const hasher = new RowHasher(this.#parts.seeds, places);
    let bytes = 0;
    for await (const found of this.#rows(columns, signal)) {
      for (let from = 0; from < found.rows.length; from += BATCH_ROWS_MAX) {
        const batch = hashed(found.rows.slice(from, from + BATCH_ROWS_MAX), hasher);
        yield { ...batch, bytes: found.bytes() - bytes };
        bytes = found.bytes();
      }
    }
  }

  async sample(limit: number, signal: AbortSignal): Promise<readonly SourceRow[]> {
    const rows: SourceRow[] = [];
    const names = this.columns.map(({ name }) => name);
    let chars = 0;
    for await (const found of this.#rows(names, signal)) {
      for (const row of found.rows) {
        rows.push(row);
        for (const cell of row) chars += cell?.length ?? 0;
        if (rows.length >= limit || chars > SHOWN_BYTES_MAX) return rows;
      }
    }
    return rows;
  }

  async close(): Promise<void> {
    this.#etags.clear();
  }

  async *#rows(
    columns: readonly string[],
    signal: AbortSignal,
  ): AsyncGenerator<{ readonly rows: readonly SourceRow[]; readonly bytes: () => number }> {
    const { bucket, listed, format } = this.#parts;
    let bytes = 0;
    const reading: FileReading = {
      bucket,
      signal,
      opened: (file, etag) => this.#opened(file, etag),
      counted: (more) => {
        bytes += more;
      },
    };
    const all = this.columns.map(({ name }) => name);
    for (const file of listed) {
      for await (const rows of FORMATS[format].rows(reading, file, { columns, all })) {
        yield { rows, bytes: () => bytes };
      }
    }
  }

  /** @throws SourceFailure for a file that is not what it was. */
  #opened({ key }: FileRef, etag: string): void {
    const held = this.#etags.get(key);
    if (held !== undefined && held !== etag) {
      throw new SourceFailure("changed_while_reading", "A file was written anew meanwhile", true);
    }
    this.#etags.set(key, etag);
  }

  #check(names: readonly string[]): void {
    const missing = names.filter((name) => !this.columns.some((column) => column.name === name));
    if (missing.length === 0) return;
    const message = `The files have no column ${missing.map((name) => `"${name}"`).join(", ")}`;
    throw new SourceFailure("no_such_column", message, false);
  }
}

/** A reading of which nobody keeps count. */
function newReading(bucket: Bucket, signal: AbortSignal): FileReading {
  return { bucket, signal, opened: () => undefined, counted: () => undefined };
}

function hashed(
  found: readonly SourceRow[],
  hasher: RowHasher,
): Pick<RowBatch, "rows" | "nullKeys"> {
  const rows: HashedRow[] = [];
  const nullKeys: SourceRow[] = [];
  for (const row of found) {
    const hashes = hasher.hash(row);
    if (hashes === undefined) nullKeys.push(row);
    else rows.push({ ...hashes, row });
  }
  return { rows, nullKeys };
}

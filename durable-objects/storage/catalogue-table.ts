import type { ArchiveFile, RecordedFile } from "../../src/archive/archive-file.ts";
import {
  FILTER_BYTES_MAX,
  formatPosition,
  type FilesPage,
  type FilesPosition,
} from "../../src/archive/catalogue.ts";
import { MATCHES_EVERYONE } from "../../src/archive/user-filter.ts";
import type { SourceId } from "../../src/core/ids.ts";
import type { ArchiveLocation } from "../../src/region/regions.ts";

/** Half of what a row may hold, so that the row's other columns never matter. */
const FILTER_PART_BYTES = 1_000_000;

type FileRow = {
  id: number;
  key: string;
  location: string;
  events: number;
  raw_bytes: number;
  gzip_bytes: number;
  ndjson_sha256: string;
  first_received_at_ms: number;
  last_received_at_ms: number;
  written_by: string;
};

const FILE_COLUMNS = `id, key, location, events, raw_bytes, gzip_bytes, ndjson_sha256,
  first_received_at_ms, last_received_at_ms, written_by`;

/** A file and its filter, as a search goes through them. */
export type FilteredFile = {
  readonly id: number;
  readonly file: ArchiveFile;
  readonly filter: Uint8Array;
};

/** The rows of one month's catalogue: tables `files` and `filters`. Synchronous. */
export class CatalogueTable {
  readonly #sql: SqlStorage;
  readonly #sourceId: SourceId;

  constructor(sql: SqlStorage, sourceId: SourceId) {
    this.#sql = sql;
    this.#sourceId = sourceId;
  }

  isEmpty(): boolean {
    return this.#sql.exec("SELECT 1 FROM files LIMIT 1").toArray().length === 0;
  }

  find(key: string): ArchiveFile | undefined {
    const [row] = this.#sql
      .exec<FileRow>(`SELECT ${FILE_COLUMNS} FROM files WHERE key = ?`, key)
      .toArray();
    return row === undefined ? undefined : this.#fileOf(row);
  }

  /** Adds a file that is not there yet, with its filter in as many rows as it needs. */
  insert(file: RecordedFile): void {
    const [row] = this.#sql
      .exec<{ id: number }>(
        `INSERT INTO files (key, location, events, raw_bytes, gzip_bytes, ndjson_sha256,
           first_received_at_ms, last_received_at_ms, written_by)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
        file.key,
        file.location,
        file.events,
        file.rawBytes,
        file.gzipBytes,
        file.ndjsonSha256,
        file.firstReceivedAtMs,
        file.lastReceivedAtMs,
        file.writtenBy,
      )
      .toArray();
    if (row === undefined) throw new Error("Cannot record an archive file: the insert gave no id");
    const filter =
      file.userFilter.byteLength > FILTER_BYTES_MAX ? MATCHES_EVERYONE : file.userFilter;
    for (let part = 0; part * FILTER_PART_BYTES < filter.byteLength; part++) {
      const from = part * FILTER_PART_BYTES;
      this.#sql.exec(
        "INSERT INTO filters (file_id, part, bytes) VALUES (?, ?, ?)",
        row.id,
        part,
        filter.slice(from, from + FILTER_PART_BYTES),
      );
    }
  }

  /** A page of the files whose events overlap [fromMs, toMs). */
  page(fromMs: number, toMs: number, after: FilesPosition | undefined, max: number): FilesPage {
    const rows = this.#sql
      .exec<FileRow>(
        `SELECT ${FILE_COLUMNS} FROM files
         WHERE (first_received_at_ms, key) > (?, ?)
           AND first_received_at_ms < ? AND last_received_at_ms >= ?
         ORDER BY first_received_at_ms, key LIMIT ?`,
        after?.firstReceivedAtMs ?? Number.MIN_SAFE_INTEGER,
        after?.key ?? "",
        toMs,
        fromMs,
        max + 1,
      )
      .toArray();
    const files = rows.slice(0, max).map((row) => this.#fileOf(row));
    const last = files.at(-1);
    const hasMore = rows.length > max && last !== undefined;
    return { files, next: hasMore ? formatPosition(last) : undefined };
  }

  /** The first file with an id above `afterId`, and its filter. */
  nextFiltered(afterId: number): FilteredFile | undefined {
    const [row] = this.#sql
      .exec<FileRow>(`SELECT ${FILE_COLUMNS} FROM files WHERE id > ? ORDER BY id LIMIT 1`, afterId)
      .toArray();
    if (row === undefined) return undefined;
    const parts = this.#sql
      .exec<{ bytes: ArrayBuffer }>(
        "SELECT bytes FROM filters WHERE file_id = ? ORDER BY part",
        row.id,
      )
      .toArray();
    const filter = new Uint8Array(parts.reduce((bytes, part) => bytes + part.bytes.byteLength, 0));
    let offset = 0;
    for (const part of parts) {
      filter.set(new Uint8Array(part.bytes), offset);
      offset += part.bytes.byteLength;
    }
    return { id: row.id, file: this.#fileOf(row), filter };
  }

  #fileOf(row: FileRow): ArchiveFile {
    return {
      sourceId: this.#sourceId,
      key: row.key,
      location: row.location as ArchiveLocation,
      events: row.events,
      rawBytes: row.raw_bytes,
      gzipBytes: row.gzip_bytes,
      ndjsonSha256: row.ndjson_sha256,
      firstReceivedAtMs: row.first_received_at_ms,
      lastReceivedAtMs: row.last_received_at_ms,
      writtenBy: row.written_by === "segment" ? "segment" : "homeport",
    };
  }
}

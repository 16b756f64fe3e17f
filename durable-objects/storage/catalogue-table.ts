import type { ArchiveFile, RecordedFile } from "../../src/archive/archive-file.ts";
import {
  formatPosition,
  KEYS_ASKED_MAX,
  type FilesPage,
  type FilesPosition,
  type FileTotals,
  type HeldFile,
  type RecordedQuery,
  type RecordedRow,
} from "../../src/archive/catalogue.ts";
import type { OldFile } from "../../src/archive/sweep-month.ts";
import type { SourceId } from "../../src/core/ids.ts";
import { placeOf, type OwnBucketName } from "../../src/region/own-bucket.ts";
import type { ArchiveLocation } from "../../src/region/regions.ts";
import { filtersAfter, insertFilter } from "./filter-rows.ts";

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
  own_bucket: string;
  original_sha256: string | null;
};

const FILE_COLUMNS = `id, key, location, events, raw_bytes, gzip_bytes, ndjson_sha256,
  first_received_at_ms, last_received_at_ms, written_by, own_bucket, original_sha256`;

/** A file and its filter, as a search goes through them. */
export type FilteredFile = {
  readonly id: number;
  readonly file: ArchiveFile;
  readonly filter: Uint8Array;
};

/** Which files are old. */
export type OldQuery = {
  readonly beforeMs: number;
  readonly nowMs: number;
  readonly locations: readonly ArchiveLocation[];
  /** The customer's own buckets in which files are removed by age as well. */
  readonly own: readonly OwnBucketName[];
  readonly after: FilesPosition | undefined;
  readonly max: number;
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

  /** Where those of the keys are that are held. @throws RangeError when too many are asked at once. */
  heldAt(keys: readonly string[]): readonly HeldFile[] {
    if (keys.length > KEYS_ASKED_MAX) {
      throw new RangeError(`Cannot look up ${keys.length} keys: at most ${KEYS_ASKED_MAX} at once`);
    }
    return keys.flatMap((key) => {
      const file = this.find(key);
      if (file === undefined) return [];
      const { location, ownBucket } = file;
      return [{ key, location, ...(ownBucket === undefined ? {} : { ownBucket }) }];
    });
  }

  /** Adds a file that is not there yet, with its filter in as many rows as it needs. */
  insert(file: RecordedFile): void {
    const [row] = this.#sql
      .exec<{ id: number }>(
        `INSERT INTO files (key, location, events, raw_bytes, gzip_bytes, ndjson_sha256,
           first_received_at_ms, last_received_at_ms, written_by, own_bucket)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
        file.key,
        file.location,
        file.events,
        file.rawBytes,
        file.gzipBytes,
        file.ndjsonSha256,
        file.firstReceivedAtMs,
        file.lastReceivedAtMs,
        file.writtenBy,
        file.ownBucket ?? "",
      )
      .toArray();
    if (row === undefined) throw new Error("Cannot record an archive file: the insert gave no id");
    insertFilter(this.#sql, row.id, file.userFilter);
  }

  /** Takes over what a deletion made of a file, with its filter; false when there is none. */
  rewrote(file: RecordedFile): boolean {
    const [row] = this.#sql
      .exec<{ id: number }>(
        `UPDATE files SET original_sha256 = coalesce(original_sha256, ndjson_sha256), events = ?,
           raw_bytes = ?, gzip_bytes = ?, ndjson_sha256 = ?, first_received_at_ms = ?,
           last_received_at_ms = ?
         WHERE key = ? RETURNING id`,
        file.events,
        file.rawBytes,
        file.gzipBytes,
        file.ndjsonSha256,
        file.firstReceivedAtMs,
        file.lastReceivedAtMs,
        file.key,
      )
      .toArray();
    if (row === undefined) return false;
    this.#dropFilter(row.id);
    insertFilter(this.#sql, row.id, file.userFilter);
    return true;
  }

  /** Overwritten where it stands before it goes: SQLite keeps what is only deleted. */
  #dropFilter(id: number): void {
    this.#sql.exec("UPDATE filters SET bytes = zeroblob(length(bytes)) WHERE file_id = ?", id);
    this.#sql.exec("DELETE FROM filters WHERE file_id = ?", id);
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

  /** Files that overlap a range, in the order of recording. */
  recorded({ fromMs, toMs, afterId, max }: RecordedQuery): readonly RecordedRow[] {
    return this.#sql
      .exec<FileRow>(
        `SELECT ${FILE_COLUMNS} FROM files
         WHERE id > ? AND first_received_at_ms < ? AND last_received_at_ms >= ?
         ORDER BY id LIMIT ?`,
        afterId,
        toMs,
        fromMs,
        max,
      )
      .toArray()
      .map((row) => ({ id: row.id, file: this.#fileOf(row) }));
  }

  totals(fromMs: number, toMs: number): FileTotals {
    return this.#sql
      .exec<{ files: number; events: number }>(
        `SELECT count(*) AS files, coalesce(sum(events), 0) AS events FROM files
         WHERE first_received_at_ms < ? AND last_received_at_ms >= ?`,
        toMs,
        fromMs,
      )
      .one();
  }

  /** The filters of files with an id above `afterId`: see `filtersAfter`. */
  filters(afterId: number): ReturnType<typeof filtersAfter> {
    return filtersAfter(this.#sql, afterId);
  }

  /** A file by the number of its row. */
  fileOf(id: number): ArchiveFile | undefined {
    const [row] = this.#sql
      .exec<FileRow>(`SELECT ${FILE_COLUMNS} FROM files WHERE id = ?`, id)
      .toArray();
    return row === undefined ? undefined : this.#fileOf(row);
  }

  /**
   * Files of ours in one of `locations` whose last event was received before `beforeMs`, in the order
   * of pages. One whose second copy may still land is left out.
   */
  old(query: OldQuery): readonly (OldFile & { readonly position: string })[] {
    const { beforeMs, nowMs, locations, own, after, max } = query;
    return this.#sql
      .exec<FileRow>(
        `SELECT ${FILE_COLUMNS} FROM files
         WHERE (first_received_at_ms, key) > (?, ?)
           AND first_received_at_ms < ? AND last_received_at_ms < ?
           AND written_by = 'homeport' AND own_bucket IN (SELECT value FROM json_each(?))
           AND location IN (SELECT value FROM json_each(?))
           AND NOT EXISTS (
             SELECT 1 FROM suspects
             WHERE suspects.key = files.key AND error = '' AND check_at_ms > ?
           )
         ORDER BY first_received_at_ms, key LIMIT ?`,
        after?.firstReceivedAtMs ?? Number.MIN_SAFE_INTEGER,
        after?.key ?? "",
        beforeMs,
        beforeMs,
        JSON.stringify(["", ...own]),
        JSON.stringify(locations),
        nowMs,
        max,
      )
      .toArray()
      .map((row) => {
        const file = this.#fileOf(row);
        const { key, events, gzipBytes } = file;
        const places = new Set([placeOf(file), ...this.#suspectedAt(key)]);
        return { key, events, gzipBytes, places: [...places], position: formatPosition(file) };
      });
  }

  /** Takes a file out, with its filter; one that is not there stays so. */
  remove(key: string): void {
    const [row] = this.#sql
      .exec<{ id: number }>("SELECT id FROM files WHERE key = ?", key)
      .toArray();
    if (row !== undefined) this.#dropFilter(row.id);
    this.#sql.exec("DELETE FROM suspects WHERE key = ?", key);
    this.#sql.exec("DELETE FROM files WHERE key = ?", key);
  }

  #suspectedAt(key: string): readonly ArchiveLocation[] {
    return this.#sql
      .exec<{ location: string }>("SELECT location FROM suspects WHERE key = ?", key)
      .toArray()
      .map((row) => row.location as ArchiveLocation);
  }

  #fileOf(row: FileRow): ArchiveFile {
    return {
      sourceId: this.#sourceId,
      key: row.key,
      location: row.location as ArchiveLocation,
      ...(row.original_sha256 === null ? {} : { originalSha256: row.original_sha256 }),
      ...(row.own_bucket === "" ? {} : { ownBucket: row.own_bucket as OwnBucketName }),
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

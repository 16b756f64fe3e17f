import { FILTER_BYTES_MAX } from "../../src/archive/catalogue.ts";
import { MATCHES_EVERYONE } from "../../src/archive/user-filter.ts";

/** Half of what a row may hold, so that the row's other columns never matter. */
const PART_BYTES = 1_000_000;

/** Writes a file's filter in as many rows as it needs; one that is too large matches everyone. */
export function insertFilter(sql: SqlStorage, fileId: number, userFilter: Uint8Array): void {
  const filter = userFilter.byteLength > FILTER_BYTES_MAX ? MATCHES_EVERYONE : userFilter;
  for (let part = 0; part * PART_BYTES < filter.byteLength; part++) {
    const from = part * PART_BYTES;
    sql.exec(
      "INSERT INTO filters (file_id, part, bytes) VALUES (?, ?, ?)",
      fileId,
      part,
      filter.slice(from, from + PART_BYTES),
    );
  }
}

/**
 * The filters of files with an id above `afterId`, one after another as they are read: whoever goes
 * through them may not wait in between.
 */
export function* filtersAfter(
  sql: SqlStorage,
  afterId: number,
): Generator<{ readonly id: number; readonly filter: Uint8Array }> {
  const rows = sql.exec<{ file_id: number; bytes: ArrayBuffer }>(
    "SELECT file_id, bytes FROM filters WHERE file_id > ? ORDER BY file_id, part",
    afterId,
  );
  let id: number | undefined;
  let parts: Uint8Array[] = [];
  for (const { file_id: fileId, bytes } of rows) {
    if (id !== undefined && fileId !== id) {
      yield { id, filter: joined(parts) };
      parts = [];
    }
    id = fileId;
    parts.push(new Uint8Array(bytes));
  }
  if (id !== undefined) yield { id, filter: joined(parts) };
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const [only = new Uint8Array(), ...more] = parts;
  if (more.length === 0) return only;
  const all = new Uint8Array(parts.reduce((bytes, part) => bytes + part.byteLength, 0));
  let offset = 0;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.byteLength;
  }
  return all;
}

import { freeBytes } from "../../../core/free-bytes.ts";
import type { DedupStorage } from "./dedup-storage.ts";
import { buildFilter, filterShape, type Filter, type FilterShape } from "./filter.ts";
import { partOf, RECORD_WORDS } from "./records.ts";
import { ROW_BYTES_MAX, type DedupSizes } from "./sizes.ts";

/**
 * A run: ids in order, cut into pages by their first word, in tables `dedup_run_<id>_<n>` of
 * `tablePages` pages each, with the filter of every slice of pages in `dedup_run_<id>_filter`.
 * Tables, because dropping one costs no rows written. A run never changes once it is live.
 */
export type Run = {
  readonly id: number;
  /** How many merges its ids went through. */
  readonly level: number;
  readonly pages: number;
  /** Ids it was laid out for; its filter's shape follows from this. */
  readonly ids: number;
  readonly firstAtMs: number;
  readonly lastAtMs: number;
};

export function shapeOf(run: Run, sizes: DedupSizes): FilterShape {
  return filterShape(run.ids, run.pages, sizes.slicePages);
}

export function pagesFor(ids: number, sizes: DedupSizes): number {
  return Math.max(1, Math.ceil(ids / sizes.pageIds));
}

/** Tables a run of that many pages has, apart from its filter. */
export function tablesOf(pages: number, sizes: DedupSizes): number {
  return Math.ceil(pages / sizes.tablePages);
}

/** Writes all pages of a run, a slice at a time. */
export function writeRun(
  storage: DedupStorage,
  sizes: DedupSizes,
  run: Run,
  records: Uint32Array,
): void {
  let from = 0;
  for (let first = 0; first < run.pages; first += sizes.slicePages) {
    const end = Math.min(first + sizes.slicePages, run.pages);
    let to = from;
    while (to < records.length && partOf(records[to] ?? 0, run.pages) < end) to += RECORD_WORDS;
    writePages(storage, sizes, run, { first, end }, records.subarray(from, to));
    from = to;
  }
}

/** Writes the pages from `first` to before `end`, which are a slice or the end of one. */
export function writePages(
  storage: DedupStorage,
  sizes: DedupSizes,
  run: Run,
  range: { readonly first: number; readonly end: number },
  records: Uint32Array,
): void {
  const table = `dedup_run_${run.id}_${Math.floor(range.first / sizes.tablePages)}`;
  storage.sql.exec(
    `CREATE TABLE IF NOT EXISTS ${table} (page INTEGER PRIMARY KEY, ids BLOB NOT NULL) STRICT`,
  );
  let from = 0;
  while (from < records.length) {
    const page = partOf(records[from] ?? 0, run.pages);
    let to = from + RECORD_WORDS;
    while (to < records.length && partOf(records[to] ?? 0, run.pages) === page) to += RECORD_WORDS;
    insert(
      storage,
      `INSERT INTO ${table} (page, ids) VALUES (?, ?)`,
      page,
      records.slice(from, to),
    );
    from = to;
  }
  writeFilter(storage, sizes, run, range, records);
}

function writeFilter(
  storage: DedupStorage,
  sizes: DedupSizes,
  run: Run,
  range: { readonly first: number; readonly end: number },
  records: Uint32Array,
): void {
  const bits = buildFilter(shapeOf(run, sizes), records, { ...range, pages: run.pages });
  const table = `dedup_run_${run.id}_filter`;
  storage.sql.exec(
    `CREATE TABLE IF NOT EXISTS ${table} (page INTEGER PRIMARY KEY, bits BLOB NOT NULL) STRICT`,
  );
  insert(storage, `INSERT INTO ${table} (page, bits) VALUES (?, ?)`, range.first, bits);
  freeBytes(bits);
}

function insert(storage: DedupStorage, query: string, page: number, words: Uint32Array): void {
  if (words.byteLength > ROW_BYTES_MAX) {
    throw new RangeError(
      `Cannot write a row of ${words.byteLength} bytes: at most ${ROW_BYTES_MAX}`,
    );
  }
  storage.sql.exec(query, page, new Uint8Array(words.buffer, words.byteOffset, words.byteLength));
}

/** The records of the pages from `first` to before `end`, page by page in order. */
export function readPages(
  storage: DedupStorage,
  sizes: DedupSizes,
  run: Run,
  range: { readonly first: number; readonly end: number },
): Uint32Array[] {
  const found: Uint32Array[] = [];
  const tableLast = Math.floor((range.end - 1) / sizes.tablePages);
  for (let n = Math.floor(range.first / sizes.tablePages); n <= tableLast; n++) {
    const rows = storage.sql.exec<{ ids: ArrayBuffer }>(
      `SELECT ids FROM dedup_run_${run.id}_${n} WHERE page >= ? AND page < ? ORDER BY page`,
      range.first,
      range.end,
    );
    for (const { ids } of rows.toArray()) found.push(new Uint32Array(ids));
  }
  return found;
}

/** Reads the run's whole filter into memory; every slice of pages wrote one piece. */
export function readFilter(storage: DedupStorage, run: Run): Filter {
  const rows = storage.sql.exec<{ bits: ArrayBuffer }>(
    `SELECT bits FROM dedup_run_${run.id}_filter ORDER BY page`,
  );
  return rows.toArray().map(({ bits }) => new Uint32Array(bits));
}

/** Drops the last table of a run of which `pages` are left, and returns the pages left then. */
export function dropLastTable(
  storage: DedupStorage,
  sizes: DedupSizes,
  id: number,
  pages: number,
): number {
  const last = tablesOf(pages, sizes) - 1;
  storage.sql.exec(`DROP TABLE IF EXISTS dedup_run_${id}_${last}`);
  if (last === 0) storage.sql.exec(`DROP TABLE IF EXISTS dedup_run_${id}_filter`);
  return last * sizes.tablePages;
}

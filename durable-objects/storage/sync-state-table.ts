import { bytesOf, MARK, packedOf, type Packed } from "../../src/sync/engine/state/packed.ts";
import type {
  StateChunk,
  StateCounts,
  StatePage,
  StateRun,
  StateStore,
} from "../../src/sync/engine/state/state-store.ts";

type Binding = string | number | null | Uint8Array;

/** The part of an object's SQL that the table uses; Node's own SQLite can stand in for it. */
export type StateSql = {
  exec(query: string, ...bindings: Binding[]): { toArray(): readonly unknown[] };
};

/** The step of the schema that makes the tables; part of the list of the object that has them. */
export const SYNC_STATE_SQL = `
  CREATE TABLE state_pages (
    first      INTEGER PRIMARY KEY, -- first 52 bits of a key hash: where the page's range begins
    there      INTEGER NOT NULL,    -- entries whose keys are accepted
    remembered INTEGER NOT NULL,    -- entries whose keys must only not be sent again
    entries    BLOB NOT NULL,       -- 24 bytes each: key hash, row hash, then a byte each: its mark
    keys       TEXT                 -- JSON: each key's cells, NULL but for mirror syncs
  ) STRICT;
  CREATE TABLE state_runs (
    run   INTEGER PRIMARY KEY, -- newer ones have higher numbers
    level INTEGER NOT NULL,    -- how often its entries were merged
    count INTEGER NOT NULL     -- entries that it was made with
  ) STRICT;
  CREATE TABLE state_chunks (
    place   INTEGER PRIMARY KEY, -- run * 1,048,576 + number of the chunk in it
    first   INTEGER NOT NULL,    -- first 52 bits of its first key hash
    entries BLOB NOT NULL,       -- as in state_pages
    keys    TEXT                 -- as in state_pages
  ) STRICT;
`;

/** Chunks that a run has at most; a run of four million entries has 4,000. */
const CHUNKS_MAX = 2 ** 20;

type PageRow = { first: number; entries: ArrayBuffer; keys: string | null };
type ChunkRow = { place: number; first: number; entries: ArrayBuffer; keys: string | null };

/** What a sync's destination accepted: tables `state_pages`, `state_runs`, `state_chunks`. Synchronous. */
export class SyncStateTable implements StateStore {
  readonly #sql: StateSql;

  constructor(sql: StateSql) {
    this.#sql = sql;
  }

  pageAt(prefix: number): StatePage | undefined {
    return this.#page("WHERE first <= ? ORDER BY first DESC LIMIT 1", prefix);
  }

  pageAfter(prefix: number): StatePage | undefined {
    return this.#page("WHERE first > ? ORDER BY first LIMIT 1", prefix);
  }

  firstAfter(prefix: number): number | undefined {
    const [row] = this.#rows<{ first: number }>(
      "SELECT first FROM state_pages WHERE first > ? ORDER BY first LIMIT 1",
      prefix,
    );
    return row?.first;
  }

  putPage({ first, packed }: StatePage): void {
    const remembered = packed.marks.reduce(
      (sum, mark) => sum + (mark === MARK.remembered ? 1 : 0),
      0,
    );
    this.#sql.exec(
      `INSERT OR REPLACE INTO state_pages (first, there, remembered, entries, keys)
       VALUES (?, ?, ?, ?, ?)`,
      first,
      packed.count - remembered,
      remembered,
      bytesOf(packed),
      keysOf(packed),
    );
  }

  removePage(first: number): void {
    this.#sql.exec("DELETE FROM state_pages WHERE first = ?", first);
  }

  counts(): StateCounts {
    const [row] = this.#rows<{ there: number | null; remembered: number | null }>(
      "SELECT SUM(there) AS there, SUM(remembered) AS remembered FROM state_pages",
    );
    return { there: row?.there ?? 0, remembered: row?.remembered ?? 0 };
  }

  runs(): readonly StateRun[] {
    return this.#rows<StateRun>("SELECT run, level, count FROM state_runs ORDER BY run");
  }

  putRun({ run, level, count }: StateRun): void {
    this.#sql.exec(
      "INSERT INTO state_runs (run, level, count) VALUES (?, ?, ?)",
      run,
      level,
      count,
    );
  }

  chunkAt(run: number, prefix: number): StateChunk | undefined {
    const [row] = this.#rows<{ place: number }>(
      `SELECT place FROM state_chunks WHERE place >= ? AND place < ? AND first <= ?
       ORDER BY place DESC LIMIT 1`,
      run * CHUNKS_MAX,
      (run + 1) * CHUNKS_MAX,
      prefix,
    );
    const before = row === undefined ? -1 : row.place - run * CHUNKS_MAX - 1;
    return this.chunkAfter(run, before);
  }

  chunkAfter(run: number, chunk: number): StateChunk | undefined {
    const [row] = this.#rows<ChunkRow>(
      `SELECT place, first, entries, keys FROM state_chunks WHERE place > ? AND place < ?
       ORDER BY place LIMIT 1`,
      run * CHUNKS_MAX + chunk,
      (run + 1) * CHUNKS_MAX,
    );
    if (row === undefined) return undefined;
    const { place, first, entries, keys } = row;
    return { chunk: place - run * CHUNKS_MAX, first, packed: packedOf(entries, keys) };
  }

  putChunk(run: number, { chunk, first, packed }: StateChunk): void {
    this.#sql.exec(
      "INSERT OR REPLACE INTO state_chunks (place, first, entries, keys) VALUES (?, ?, ?, ?)",
      run * CHUNKS_MAX + chunk,
      first,
      bytesOf(packed),
      keysOf(packed),
    );
  }

  removeRuns(runs: readonly StateRun[]): void {
    for (const { run } of runs) {
      this.#sql.exec("DELETE FROM state_runs WHERE run = ?", run);
      this.#sql.exec(
        "DELETE FROM state_chunks WHERE place >= ? AND place < ?",
        run * CHUNKS_MAX,
        (run + 1) * CHUNKS_MAX,
      );
    }
  }

  clear(): void {
    for (const table of ["state_pages", "state_runs", "state_chunks"]) {
      this.#sql.exec(`DELETE FROM ${table}`);
    }
  }

  #page(rest: string, prefix: number): StatePage | undefined {
    const [row] = this.#rows<PageRow>(
      `SELECT first, entries, keys FROM state_pages ${rest}`,
      prefix,
    );
    if (row === undefined) return undefined;
    return { first: row.first, packed: packedOf(row.entries, row.keys) };
  }

  #rows<T>(query: string, ...bindings: Binding[]): readonly T[] {
    return this.#sql.exec(query, ...bindings).toArray() as readonly T[];
  }
}

function keysOf({ keys }: Packed): string | null {
  return keys === undefined ? null : JSON.stringify(keys);
}

import { readStored } from "../../../core/stored-json.ts";
import type { DedupStorage } from "./dedup-storage.ts";
import type { Run } from "./run.ts";

/**
 * The registry of runs. A run is `building` while a merge writes it, `live` while lookups read it,
 * and `dropping` until its last table is gone; `pages` then counts those that are left.
 */
type RunState = "building" | "live" | "dropping";

/** A merge that is under way: what it reads, and the first page of its output not written yet. */
export type Merge = {
  readonly output: Run;
  readonly inputs: readonly number[];
  readonly nextPage: number;
};

type RunRow = {
  readonly id: number;
  readonly level: number;
  readonly pages: number;
  readonly ids: number;
  readonly first_at_ms: number;
  readonly last_at_ms: number;
};

/** Makes the tables of the registry unless they are there. */
export function createRegistry(storage: DedupStorage): void {
  storage.sql.exec(`
    CREATE TABLE IF NOT EXISTS dedup_runs (
      id          INTEGER PRIMARY KEY,  -- in the names of its tables
      state       TEXT NOT NULL,        -- building, live or dropping
      level       INTEGER NOT NULL,     -- merges its ids went through
      pages       INTEGER NOT NULL,     -- while dropping: those that are left
      ids         INTEGER NOT NULL,     -- what it was laid out for
      first_at_ms INTEGER NOT NULL,     -- no id is older, epoch ms
      last_at_ms  INTEGER NOT NULL      -- no id is newer, epoch ms
    ) STRICT;
    CREATE TABLE IF NOT EXISTS dedup_merge (
      output    INTEGER PRIMARY KEY,    -- the run it writes; there is one merge at most
      inputs    TEXT NOT NULL,          -- JSON array of the runs it reads
      next_page INTEGER NOT NULL        -- the first page of the output that is not written
    ) STRICT`);
}

export function runsIn(storage: DedupStorage, state: RunState): Run[] {
  const rows = storage.sql.exec<RunRow>(
    `SELECT id, level, pages, ids, first_at_ms, last_at_ms FROM dedup_runs WHERE state = ?`,
    state,
  );
  return rows.toArray().map(({ first_at_ms, last_at_ms, ...run }) => ({
    ...run,
    firstAtMs: first_at_ms,
    lastAtMs: last_at_ms,
  }));
}

/** Registers a run under the next free id. */
export function insertRun(storage: DedupStorage, state: RunState, run: Omit<Run, "id">): Run {
  const { next } = storage.sql
    .exec<{ next: number }>("SELECT coalesce(max(id), 0) + 1 AS next FROM dedup_runs")
    .one();
  storage.sql.exec(
    `INSERT INTO dedup_runs (id, state, level, pages, ids, first_at_ms, last_at_ms)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
    next,
    state,
    run.level,
    run.pages,
    run.ids,
    run.firstAtMs,
    run.lastAtMs,
  );
  return { ...run, id: next };
}

export function setState(storage: DedupStorage, id: number, state: RunState): void {
  storage.sql.exec("UPDATE dedup_runs SET state = ? WHERE id = ?", state, id);
}

/** Records that `pages` of a dropped run are left; with none left the run is gone. */
export function setPagesLeft(storage: DedupStorage, id: number, pages: number): void {
  if (pages > 0) storage.sql.exec("UPDATE dedup_runs SET pages = ? WHERE id = ?", pages, id);
  else storage.sql.exec("DELETE FROM dedup_runs WHERE id = ?", id);
}

export function currentMerge(storage: DedupStorage): Merge | undefined {
  const [row] = storage.sql
    .exec<{ output: number; inputs: string; next_page: number }>(
      "SELECT output, inputs, next_page FROM dedup_merge",
    )
    .toArray();
  if (row === undefined) return undefined;
  const output = runsIn(storage, "building").find((run) => run.id === row.output);
  if (output === undefined) throw new Error(`Cannot find run ${row.output}, which a merge writes`);
  return { output, inputs: readStored<number[]>(row.inputs), nextPage: row.next_page };
}

export function insertMerge(storage: DedupStorage, merge: Merge): void {
  storage.sql.exec(
    "INSERT INTO dedup_merge (output, inputs, next_page) VALUES (?, ?, ?)",
    merge.output.id,
    JSON.stringify(merge.inputs),
    merge.nextPage,
  );
}

export function setNextPage(storage: DedupStorage, output: number, nextPage: number): void {
  storage.sql.exec("UPDATE dedup_merge SET next_page = ? WHERE output = ?", nextPage, output);
}

export function deleteMerge(storage: DedupStorage): void {
  storage.sql.exec("DELETE FROM dedup_merge");
}

import { readStored } from "../../src/core/stored-json.ts";
import type { DedupStorage, SqlRow } from "../../src/ingest/queue/dedup/dedup-storage.ts";
import type { Accepted } from "../../src/sync/engine/change.ts";
import { logParts } from "../../src/sync/run/log-records.ts";
import type { DiffFileRow, Progress, RunStorage, Sample } from "../../src/sync/run/ports.ts";
import type { LogRecord, SyncRun } from "../../src/sync/run/run.ts";
import { pack, unpack } from "./packing.ts";

/** What was accepted, as far as a run needs it. */
export type AcceptedRows = {
  accept(accepted: readonly Accepted[]): void;
  count(): number;
  /** Forgets what is in memory of what was rolled back. */
  rolledBack(): void;
};

type FileRow = {
  readonly ordinal: number;
  readonly key: string;
  readonly records: number;
  readonly is_written: number;
  readonly place: number;
  readonly decided: ArrayBuffer;
};

type LogPart = { readonly part: number; readonly records: readonly LogRecord[] };

/** Parts that one file of the report holds. */
const LOG_PARTS_AT_ONCE = 10;

/** Name in `state`: the largest size so far, which is the size of the file. */
const PEAK = "peak-bytes";
/** Growth that is noted; below it, a scrub's least covers it. */
const PEAK_STEP_BYTES = 1_000_000;

const FILE_COLUMNS = "ordinal, key, records, is_written, place, decided";

/** The part of an object's storage that is used; Node's own SQLite can stand in for it. */
export type RunSql = Pick<DedupStorage, "transactionSync"> & {
  readonly sql: DedupStorage["sql"] & { readonly databaseSize?: number };
};

/** The tables of a Sync as the run under way sees them. */
export class SyncStorage implements RunStorage {
  readonly #storage: RunSql;
  readonly #accepted: AcceptedRows;
  #run: SyncRun | undefined;
  /** At most what is noted, so that it is looked at anew. */
  #peakBytes = 0;

  constructor(storage: RunSql, accepted: AcceptedRows) {
    this.#storage = storage;
    this.#accepted = accepted;
  }

  transaction<T>(work: () => T): T {
    try {
      return this.#storage.transactionSync(() => {
        const value = work();
        this.notePeak();
        return value;
      });
    } catch (error) {
      // What is in memory may be ahead of what was rolled back.
      this.#run = undefined;
      this.#peakBytes = 0;
      this.#accepted.rolledBack();
      throw error;
    }
  }

  /** What SQLite may have free at most: it grew to a size, and gives nothing back. */
  get freeBytes(): number {
    return Math.max(0, Number(this.get(PEAK) ?? 0) - (this.#storage.sql.databaseSize ?? 0));
  }

  /** Called before much is dropped; every transaction does so by itself. */
  notePeak(): void {
    const bytes = this.#storage.sql.databaseSize ?? 0;
    if (bytes < this.#peakBytes + PEAK_STEP_BYTES) return;
    this.#peakBytes = Math.max(bytes, Number(this.get(PEAK) ?? 0));
    this.set(PEAK, String(this.#peakBytes));
  }

  /** @throws Error when no run is under way, which is a bug of the caller. */
  run(): SyncRun {
    const run = this.current();
    if (run === undefined) throw new Error("Cannot go on with a run: none is under way");
    return run;
  }

  /** Another run began: it is looked for anew. */
  began(): void {
    this.#run = undefined;
  }

  /** The run under way. */
  current(): SyncRun | undefined {
    this.#run ??= this.#first<{ body: string }, SyncRun>(
      "SELECT body FROM runs WHERE ended_at_ms IS NULL ORDER BY number LIMIT 1",
      (row) => readStored<SyncRun>(row.body),
    );
    return this.#run;
  }

  save(run: SyncRun): void {
    this.#storage.sql.exec(
      "INSERT OR REPLACE INTO runs (number, id, state, ended_at_ms, body) VALUES (?, ?, ?, ?, ?)",
      run.number,
      run.id,
      run.state,
      run.endedAtMs ?? null,
      JSON.stringify(run),
    );
    this.#run = run.endedAtMs === undefined ? run : undefined;
  }

  /** A run by its id, also one that is over. */
  find(id: string): SyncRun | undefined {
    return this.#first<{ body: string }, SyncRun>(
      "SELECT body FROM runs WHERE id = ?",
      (row) => readStored<SyncRun>(row.body),
      id,
    );
  }

  progress(): Progress {
    const text = this.get("progress");
    return text === undefined ? { phase: "identify", failures: 0 } : readStored<Progress>(text);
  }

  setProgress(progress: Progress): void {
    this.set("progress", JSON.stringify(progress));
  }

  addFile(key: string): number {
    const { last } = this.#storage.sql
      .exec<{ last: number }>("SELECT coalesce(max(ordinal), 0) AS last FROM diff_files")
      .one();
    this.#storage.sql.exec(
      `INSERT INTO diff_files (${FILE_COLUMNS}) VALUES (?, ?, 0, 0, 0, ?)`,
      last + 1,
      key,
      new Uint8Array(),
    );
    return last + 1;
  }

  wroteFile(ordinal: number, records: number): void {
    this.#storage.sql.exec(
      "UPDATE diff_files SET is_written = 1, records = ? WHERE ordinal = ?",
      records,
      ordinal,
    );
  }

  setPlace(ordinal: number, place: number, decided: Uint8Array): void {
    this.#storage.sql.exec(
      "UPDATE diff_files SET place = ?, decided = ? WHERE ordinal = ?",
      place,
      decided,
      ordinal,
    );
  }

  nextFile(): DiffFileRow | undefined {
    return this.#first<FileRow, DiffFileRow>(
      `SELECT ${FILE_COLUMNS} FROM diff_files WHERE is_written = 1 ORDER BY ordinal LIMIT 1`,
      fileOf,
    );
  }

  files(): readonly DiffFileRow[] {
    return this.#storage.sql
      .exec<FileRow>(`SELECT ${FILE_COLUMNS} FROM diff_files ORDER BY ordinal`)
      .toArray()
      .map(fileOf);
  }

  forgetFile(ordinal: number): void {
    this.#storage.sql.exec("DELETE FROM diff_files WHERE ordinal = ?", ordinal);
  }

  addSamples(samples: readonly Sample[]): void {
    const { number } = this.run();
    for (const { kind, record } of samples) {
      this.#storage.sql.exec(
        "INSERT INTO samples (number, kind, at_ms, body) VALUES (?, ?, ?, ?)",
        number,
        kind,
        record.endedAtMs,
        pack(record),
      );
    }
  }

  samples(kind: Sample["kind"]): number {
    return this.#storage.sql
      .exec<{ count: number }>(
        "SELECT count(*) AS count FROM samples WHERE number = ? AND kind = ?",
        this.run().number,
        kind,
      )
      .one().count;
  }

  addLog(records: readonly LogRecord[]): void {
    for (const part of logParts(records)) {
      this.#storage.sql.exec("INSERT INTO log_parts (body) VALUES (?)", pack(part));
    }
  }

  nextLog(): LogPart | undefined {
    const parts = this.#storage.sql
      .exec<{ part: number; body: ArrayBuffer }>(
        "SELECT part, body FROM log_parts ORDER BY part LIMIT ?",
        LOG_PARTS_AT_ONCE,
      )
      .toArray();
    const last = parts.at(-1);
    if (last === undefined) return undefined;
    const records = parts.flatMap(({ body }) => [...unpack<readonly LogRecord[]>(body)]);
    return { part: last.part, records };
  }

  forgetLog(part: number): void {
    this.#storage.sql.exec("DELETE FROM log_parts WHERE part <= ?", part);
  }

  /** Before anything is sent, the report has nothing but invalid rows. */
  forgetInvalid(): void {
    this.#storage.sql.exec("DELETE FROM log_parts");
    this.#storage.sql.exec(
      "DELETE FROM samples WHERE number = ? AND kind = 'invalid'",
      this.run().number,
    );
  }

  accept(accepted: readonly Accepted[]): void {
    if (accepted.length > 0) this.#accepted.accept(accepted);
  }

  acceptedCount(): number {
    return this.#accepted.count();
  }

  lastCompleted(): number {
    return this.#storage.sql
      .exec<{ last: number }>(
        "SELECT coalesce(max(number), 0) AS last FROM runs WHERE state = 'completed'",
      )
      .one().last;
  }

  get(name: string): string | undefined {
    return this.#first<{ value: string }, string>(
      "SELECT value FROM state WHERE name = ?",
      ({ value }) => value,
      name,
    );
  }

  set(name: string, value: string): void {
    this.#storage.sql.exec("INSERT OR REPLACE INTO state (name, value) VALUES (?, ?)", name, value);
  }

  forget(name: string): void {
    this.#storage.sql.exec("DELETE FROM state WHERE name = ?", name);
  }

  #first<R extends SqlRow, T>(
    query: string,
    shape: (row: R) => T,
    ...bindings: readonly (string | number)[]
  ): T | undefined {
    const [row] = this.#storage.sql.exec<R>(query, ...bindings).toArray();
    return row === undefined ? undefined : shape(row);
  }
}

function fileOf({ ordinal, key, records, is_written, place, decided }: FileRow): DiffFileRow {
  return {
    ordinal,
    key,
    records,
    isWritten: is_written === 1,
    place,
    decided: new Uint8Array(decided),
  };
}

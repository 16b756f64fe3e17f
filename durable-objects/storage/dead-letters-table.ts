import { readStored } from "../../src/core/stored-json.ts";
import { packEntries, unpackEntries, type LaneEntry } from "../../src/deliver/lane/entry.ts";
import { bytesOf, columnOf } from "../../src/deliver/lane/lane-storage.ts";
import type { ArchiveLocation } from "../../src/region/regions.ts";

/** A file of dead letters: about to be written, in its bucket, or on its way back. */
export type DeadFile = {
  readonly key: string;
  readonly code: string;
  readonly events: number;
  readonly firstAtMs: number;
  readonly lastAtMs: number;
  /** Every location that a PUT may have reached. */
  readonly tried: readonly ArchiveLocation[];
  readonly location: ArchiveLocation | undefined;
  /** When a PUT was sent last that may have landed unseen, or may land yet. */
  readonly inDoubtAtMs: number | undefined;
  readonly state: "sealed" | "stored" | "redriving" | "redriven";
};

/** Dead letters of one code that are in no file yet. */
export type Gathering = {
  readonly code: string;
  readonly ids: readonly number[];
  readonly events: number;
  readonly firstAtMs: number;
  readonly lastAtMs: number;
};

type FileRow = {
  key: string;
  code: string;
  events: number;
  first_at_ms: number;
  last_at_ms: number;
  tried: string;
  location: ArchiveLocation | null;
  in_doubt_at_ms: number | null;
  state: DeadFile["state"];
};

const FILE_COLUMNS =
  "key, code, events, first_at_ms, last_at_ms, tried, location, in_doubt_at_ms, state";

/** Tables `dead` and `dead_files` of a lane. Synchronous; the caller groups calls. */
export class DeadLettersTable {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** What waits for a file, by code, the oldest first; at most that many events of each. */
  gathering(eventsMax: number): Gathering[] {
    const rows = this.#sql
      .exec<{ id: number; at_ms: number; code: string; events: number }>(
        "SELECT id, at_ms, code, events FROM dead WHERE file IS NULL ORDER BY id",
      )
      .toArray();
    const found = new Map<string, Gathering>();
    for (const { id, at_ms, code, events } of rows) {
      const held = found.get(code);
      if (held !== undefined && held.events + events > eventsMax) continue;
      found.set(code, {
        code,
        ids: [...(held?.ids ?? []), id],
        events: (held?.events ?? 0) + events,
        firstAtMs: held?.firstAtMs ?? at_ms,
        lastAtMs: at_ms,
      });
    }
    return [...found.values()];
  }

  /** Names a file for letters that gathered, before anything is sent. */
  seal(
    key: string,
    { code, ids, events, firstAtMs, lastAtMs }: Gathering,
    users: Uint8Array,
  ): void {
    this.#sql.exec(
      `INSERT INTO dead_files (key, code, events, first_at_ms, last_at_ms, tried, state, users)
       VALUES (?, ?, ?, ?, ?, '[]', 'sealed', ?)`,
      key,
      code,
      events,
      firstAtMs,
      lastAtMs,
      columnOf(users),
    );
    for (const id of ids) this.#sql.exec("UPDATE dead SET file = ? WHERE id = ?", key, id);
  }

  entries(ids: readonly number[]): readonly LaneEntry[] {
    return ids.flatMap((id) =>
      this.#sql
        .exec("SELECT entries FROM dead WHERE id = ?", id)
        .toArray()
        .flatMap((row) => unpackEntries(bytesOf(row["entries"]))),
    );
  }

  entriesOfFile(key: string): readonly LaneEntry[] {
    return this.#sql
      .exec("SELECT entries FROM dead WHERE file = ? ORDER BY id", key)
      .toArray()
      .flatMap((row) => unpackEntries(bytesOf(row["entries"])));
  }

  /** All letters that are in no bucket, a few at a time. */
  *allEntries(): Generator<readonly LaneEntry[]> {
    const ids = this.#sql.exec<{ id: number }>("SELECT id FROM dead").toArray();
    for (const { id } of ids) yield this.entries([id]);
  }

  /** Letters that are taken out before they were in a file. */
  dropGathering(ids: readonly number[]): void {
    for (const id of ids) this.#sql.exec("DELETE FROM dead WHERE id = ?", id);
  }

  willTry(file: DeadFile, location: ArchiveLocation, nowMs: number): void {
    const tried = [...new Set([...file.tried, location])];
    this.#sql.exec(
      "UPDATE dead_files SET tried = ?, in_doubt_at_ms = ? WHERE key = ?",
      JSON.stringify(tried),
      nowMs,
      file.key,
    );
  }

  /** The file is in its bucket, and its letters only there; of earlier PUTs one may be in doubt. */
  stored(key: string, location: ArchiveLocation, inDoubtAtMs: number | undefined): void {
    this.#sql.exec(
      "UPDATE dead_files SET state = 'stored', location = ?, in_doubt_at_ms = ? WHERE key = ?",
      location,
      inDoubtAtMs ?? null,
      key,
    );
    this.#sql.exec("DELETE FROM dead WHERE file = ?", key);
  }

  /** Has stored files sent again, all or those of one code; how many events they hold. */
  redrive(code: string | undefined): number {
    const rows = this.#sql
      .exec<{ events: number }>(
        `UPDATE dead_files SET state = 'redriving'
         WHERE state = 'stored' AND (?1 IS NULL OR code = ?1) RETURNING events`,
        code ?? null,
      )
      .toArray();
    return rows.reduce((sum, { events }) => sum + events, 0);
  }

  setState(key: string, state: DeadFile["state"]): void {
    this.#sql.exec("UPDATE dead_files SET state = ? WHERE key = ?", state, key);
  }

  remove(key: string): void {
    this.#sql.exec("DELETE FROM dead_files WHERE key = ?", key);
  }

  files(state?: DeadFile["state"], limit = -1): DeadFile[] {
    return this.#sql
      .exec<FileRow>(
        `SELECT ${FILE_COLUMNS} FROM dead_files WHERE ?1 IS NULL OR state = ?1
         ORDER BY first_at_ms, key LIMIT ?2`,
        state ?? null,
        limit,
      )
      .toArray()
      .map((row) => ({
        key: row.key,
        code: row.code,
        events: row.events,
        firstAtMs: row.first_at_ms,
        lastAtMs: row.last_at_ms,
        tried: readStored<readonly ArchiveLocation[]>(row.tried),
        location: row.location ?? undefined,
        inDoubtAtMs: row.in_doubt_at_ms ?? undefined,
        state: row.state,
      }));
  }

  /** Keeps only some of the letters that are in no bucket; how many were not. */
  keepEntries(isKept: (entry: LaneEntry) => boolean): number {
    let dropped = 0;
    const ids = this.#sql.exec<{ id: number }>("SELECT id FROM dead").toArray();
    for (const { id } of ids) {
      const entries = this.entries([id]);
      const kept = entries.filter(isKept);
      if (kept.length === entries.length) continue;
      dropped += entries.length - kept.length;
      const packed = packEntries(kept);
      this.#sql.exec(
        "UPDATE dead SET events = ?, bytes = ?, entries = ? WHERE id = ?",
        kept.length,
        packed.byteLength,
        columnOf(packed),
        id,
      );
    }
    return dropped;
  }

  /** The filter of the users in a file. */
  usersOf(key: string): Uint8Array {
    const [row] = this.#sql.exec("SELECT users FROM dead_files WHERE key = ?", key).toArray();
    return row === undefined ? new Uint8Array() : bytesOf(row["users"]);
  }

  /** Takes over what a deletion made of a file. */
  rewrote(key: string, events: number, users: Uint8Array): void {
    this.#sql.exec(
      "UPDATE dead_files SET events = ?, users = ? WHERE key = ?",
      events,
      columnOf(users),
      key,
    );
  }

  /** How many letters there are, in files and outside. */
  count(): number {
    const { n } = this.#sql
      .exec<{ n: number }>(
        `SELECT (SELECT coalesce(sum(events), 0) FROM dead WHERE file IS NULL)
              + (SELECT coalesce(sum(events), 0) FROM dead_files WHERE state <> 'redriven') AS n`,
      )
      .one();
    return n;
  }

  /** The first number of letters that gathered; unique for the life of this storage. */
  firstId({ ids }: Gathering): number {
    return ids[0] ?? 0;
  }
}

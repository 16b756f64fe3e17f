import { readStored } from "../../core/stored-json.ts";
import { isPlace, type ArchivePlace } from "../../region/own-bucket.ts";
import { HOME_REGIONS } from "../../region/regions.ts";
import type { Sql } from "./queue-log.ts";

/** A range of the log that became, or is becoming, an archive file. */
export type SealedFile = {
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly key: string;
  readonly dayMs: number;
  readonly events: number;
  readonly rawBytes: number;
  readonly ndjsonSha256: string;
  readonly receivedMinMs: number;
  readonly receivedMaxMs: number;
  readonly committedMinMs: number;
  readonly committedMaxMs: number;
  /** Every location that a PUT may have reached, or may reach yet; written down before it is sent. */
  readonly tried: readonly ArchivePlace[];
};

/**
 * The files of one queue within the deduplication window. It is the archive cursor as well: what was
 * archived last is where the next range begins. Two rows written a file, one more when it is forgotten.
 */
export class FileTable {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** The last event that is in the archive and in the catalogue; 0 before the first. */
  archivedSeq(): number {
    const [row] = this.#sql
      .exec("SELECT COALESCE(MAX(last_seq), 0) AS seq FROM files WHERE state = 'archived'")
      .toArray();
    return Number(row?.["seq"] ?? 0);
  }

  /** The range that was sealed and not archived yet: at most one. */
  sealed(): SealedFile | undefined {
    const [row] = this.#sql.exec("SELECT * FROM files WHERE state = 'sealed'").toArray();
    return row === undefined ? undefined : readFile(row);
  }

  /** The archived files that may hold an event committed in that second, oldest first. */
  committedWithin(second: number): readonly SealedFile[] {
    return this.#sql
      .exec(
        `SELECT * FROM files WHERE committed_min_ms < ? AND committed_max_ms >= ? AND state = 'archived'
         ORDER BY first_seq`,
        (second + 1) * 1000,
        second * 1000,
      )
      .toArray()
      .map(readFile);
  }

  /** Writes down a sealed range, with its name, before anything is sent. */
  seal(file: SealedFile): void {
    this.#sql.exec(
      `INSERT INTO files (first_seq, last_seq, key, day_ms, events, raw_bytes, ndjson_sha256,
                          received_min_ms, received_max_ms, committed_min_ms, committed_max_ms,
                          tried, state)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'sealed')`,
      file.firstSeq,
      file.lastSeq,
      file.key,
      file.dayMs,
      file.events,
      file.rawBytes,
      file.ndjsonSha256,
      file.receivedMinMs,
      file.receivedMaxMs,
      file.committedMinMs,
      file.committedMaxMs,
      JSON.stringify(file.tried),
    );
  }

  /** Adds a location to those a PUT may have reached. */
  willTry(file: SealedFile, location: ArchivePlace): SealedFile {
    if (file.tried.includes(location)) return file;
    return this.#writeTried(file, [...file.tried, location]);
  }

  /** Takes a location back whose refusal leaves no doubt that nothing was written there. */
  didNotReach(file: SealedFile, location: ArchivePlace): SealedFile {
    return this.#writeTried(
      file,
      file.tried.filter((tried) => tried !== location),
    );
  }

  /** Days of which archived files may have a second copy, as far as this queue remembers them. */
  daysInDoubt(): readonly number[] {
    return this.#sql
      .exec(
        "SELECT DISTINCT day_ms FROM files WHERE state = 'archived' AND tried LIKE '%,%' ORDER BY day_ms",
      )
      .toArray()
      .map((row) => Number(row["day_ms"]));
  }

  /** Moves the archive cursor past the file. */
  archived(file: SealedFile): void {
    this.#sql.exec("UPDATE files SET state = 'archived' WHERE first_seq = ?", file.firstSeq);
  }

  /** The archived file that holds the event, or the first one after it. */
  holding(seq: number): SealedFile | undefined {
    const [row] = this.#sql
      .exec(
        "SELECT * FROM files WHERE last_seq >= ? AND state = 'archived' ORDER BY first_seq LIMIT 1",
        seq,
      )
      .toArray();
    return row === undefined ? undefined : readFile(row);
  }

  /**
   * Forgets archived files whose day is over for longer than the window, unless they hold events
   * after `keepAfterSeq`; keeps the newest one.
   */
  prune(beforeDayMs: number, keepAfterSeq: number = Number.MAX_SAFE_INTEGER): void {
    this.#sql.exec(
      `DELETE FROM files WHERE state = 'archived' AND day_ms < ? AND last_seq <= ?
         AND last_seq < (SELECT MAX(last_seq) FROM files WHERE state = 'archived')`,
      beforeDayMs,
      keepAfterSeq,
    );
  }

  #writeTried(file: SealedFile, tried: readonly ArchivePlace[]): SealedFile {
    this.#sql.exec(
      "UPDATE files SET tried = ? WHERE first_seq = ?",
      JSON.stringify(tried),
      file.firstSeq,
    );
    return { ...file, tried };
  }
}

function readFile(row: Record<string, unknown>): SealedFile {
  return {
    firstSeq: Number(row["first_seq"]),
    lastSeq: Number(row["last_seq"]),
    key: String(row["key"]),
    dayMs: Number(row["day_ms"]),
    events: Number(row["events"]),
    rawBytes: Number(row["raw_bytes"]),
    ndjsonSha256: String(row["ndjson_sha256"]),
    receivedMinMs: Number(row["received_min_ms"]),
    receivedMaxMs: Number(row["received_max_ms"]),
    committedMinMs: Number(row["committed_min_ms"]),
    committedMaxMs: Number(row["committed_max_ms"]),
    tried: readLocations(String(row["tried"])),
  };
}

function readLocations(json: string): readonly ArchivePlace[] {
  const known = Object.values(HOME_REGIONS).flatMap((home) => home.locations);
  const names: unknown = readStored<unknown>(json);
  if (!Array.isArray(names)) throw new TypeError("Cannot read a file's locations: not a list");
  const own = names.filter(isPlace).filter((place) => place.includes("/"));
  return [...known.filter((location) => names.includes(location)), ...own];
}

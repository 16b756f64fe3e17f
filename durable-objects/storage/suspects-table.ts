import type { Suspect } from "../../src/archive/suspects.ts";
import type { ArchiveLocation } from "../../src/region/regions.ts";

type SuspectRow = {
  key: string;
  location: string;
  ndjson_sha256: string;
  noted_at_ms: number;
  check_at_ms: number;
  error: string;
};

/** The part of an object's SQL that the table uses; Node's own SQLite can stand in for it. */
export type SuspectsSql = {
  exec(query: string, ...bindings: (string | number)[]): { toArray(): readonly unknown[] };
};

const COLUMNS = "key, location, ndjson_sha256, noted_at_ms, check_at_ms, error";

/** The open suspects of one month: table `suspects`. Synchronous. */
export class SuspectsTable {
  readonly #sql: SuspectsSql;

  constructor(sql: SuspectsSql) {
    this.#sql = sql;
  }

  /** Adds one; noted again it is checked at the later of both instants, since more was sent. */
  note(suspect: Omit<Suspect, "error">): void {
    this.#sql.exec(
      `INSERT INTO suspects (${COLUMNS}) VALUES (?, ?, ?, ?, ?, '')
       ON CONFLICT (key, location) DO UPDATE SET
         check_at_ms = MAX(check_at_ms, excluded.check_at_ms)`,
      suspect.key,
      suspect.location,
      suspect.ndjsonSha256,
      suspect.notedAtMs,
      suspect.checkAtMs,
    );
  }

  due(location: ArchiveLocation, nowMs: number, max: number): readonly Suspect[] {
    return this.#read(
      "WHERE location = ? AND check_at_ms <= ? ORDER BY check_at_ms, key LIMIT ?",
      location,
      nowMs,
      max,
    );
  }

  /** When the first of that location is due. */
  dueAtMs(location: ArchiveLocation): number | undefined {
    const [row] = this.#sql
      .exec("SELECT MIN(check_at_ms) AS at_ms FROM suspects WHERE location = ?", location)
      .toArray() as readonly { readonly at_ms: number | null }[];
    return row?.at_ms ?? undefined;
  }

  /** The oldest ones. */
  oldest(max: number): readonly Suspect[] {
    return this.#read("ORDER BY noted_at_ms, key LIMIT ?", max);
  }

  count(): number {
    const [row] = this.#sql.exec("SELECT COUNT(*) AS count FROM suspects").toArray() as readonly {
      readonly count: number;
    }[];
    return row?.count ?? 0;
  }

  clear({ key, location, checkAtMs }: Suspect): void {
    // One that was noted again during its check is due again, later.
    this.#sql.exec(
      "DELETE FROM suspects WHERE key = ? AND location = ? AND check_at_ms <= ?",
      key,
      location,
      checkAtMs,
    );
  }

  postpone({ key, location }: Suspect, error: string, checkAtMs: number): void {
    this.#sql.exec(
      "UPDATE suspects SET error = ?, check_at_ms = MAX(check_at_ms, ?) WHERE key = ? AND location = ?",
      error,
      checkAtMs,
      key,
      location,
    );
  }

  #read(rest: string, ...bindings: (string | number)[]): readonly Suspect[] {
    const rows = this.#sql.exec(`SELECT ${COLUMNS} FROM suspects ${rest}`, ...bindings).toArray();
    return (rows as readonly SuspectRow[]).map((row) => ({
      key: row.key,
      location: row.location as ArchiveLocation,
      ndjsonSha256: row.ndjson_sha256,
      notedAtMs: row.noted_at_ms,
      checkAtMs: row.check_at_ms,
      error: row.error === "" ? undefined : row.error,
    }));
  }
}

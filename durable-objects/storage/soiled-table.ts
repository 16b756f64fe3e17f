/**
 * Whether storage may still hold, in pages that are free, ids of users that were deleted: table
 * `soiled`. Written with what deletes them, so that a kill loses none of it. Synchronous.
 */
export class SoiledTable {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Called before something is deleted, in the same transaction: the file is no smaller afterwards. */
  note(): void {
    this.#sql.exec(
      `INSERT INTO soiled (id, times, peak_bytes) VALUES (1, 1, ?1)
       ON CONFLICT (id) DO UPDATE SET times = times + 1, peak_bytes = max(peak_bytes, ?1)`,
      this.#sql.databaseSize,
    );
  }

  /** How often something was deleted since pages were overwritten. */
  times(): number {
    const query = "SELECT coalesce(max(times), 0) AS times FROM soiled";
    return this.#sql.exec<{ times: number }>(query).one().times;
  }

  /** Bytes that SQLite may have free: the most that was ever in use, less what is now. */
  freeBytes(): number {
    const query = "SELECT coalesce(max(peak_bytes), 0) AS bytes FROM soiled";
    const peak = this.#sql.exec<{ bytes: number }>(query).one().bytes;
    return Math.max(0, peak - this.#sql.databaseSize);
  }

  /** What had been deleted by then is overwritten; what was since is not. */
  scrubbed(times: number): void {
    this.#sql.exec("UPDATE soiled SET times = times - ?", times);
  }
}

/** A notice that was not delivered yet. */
export type WaitingNotice = {
  readonly position: number;
  readonly id: string;
  readonly body: string;
  readonly madeAtMs: number;
  readonly attempts: number;
  readonly dueAtMs: number;
};

type NoticeRow = {
  readonly position: number;
  readonly id: string;
  readonly body: string;
  readonly made_at_ms: number;
  readonly attempts: number;
  readonly due_at_ms: number;
};

/** Notices that wait to be told to a webhook, in one of the tables made for that. Synchronous. */
export class NoticesTable {
  readonly #sql: SqlStorage;
  readonly #table: "alert_notices" | "sync_notices";

  constructor(sql: SqlStorage, table: "alert_notices" | "sync_notices") {
    this.#sql = sql;
    this.#table = table;
  }

  /** Adds a notice, unless one of that id waits. */
  add(id: string, body: string, nowMs: number): void {
    this.#sql.exec(
      `INSERT OR IGNORE INTO ${this.#table} (id, body, made_at_ms, attempts, due_at_ms)
       VALUES (?, ?, ?, 0, ?)`,
      id,
      body,
      nowMs,
      nowMs,
    );
  }

  /** Forgets the oldest of more than that many. */
  keep(waitingMax: number): void {
    this.#sql.exec(
      `DELETE FROM ${this.#table} WHERE position <= (SELECT max(position) FROM ${this.#table}) - ?`,
      waitingMax,
    );
  }

  /** The notice that is sent next: they go in the order in which they were made. */
  nextNotice(): WaitingNotice | undefined {
    return this.#sql
      .exec<NoticeRow>(`SELECT * FROM ${this.#table} ORDER BY position LIMIT 1`)
      .toArray()
      .map((row) => ({
        position: row.position,
        id: row.id,
        body: row.body,
        madeAtMs: row.made_at_ms,
        attempts: row.attempts,
        dueAtMs: row.due_at_ms,
      }))[0];
  }

  waiting(): number {
    return this.#sql.exec<{ n: number }>(`SELECT count(*) AS n FROM ${this.#table}`).one().n;
  }

  postpone(id: string, attempts: number, dueAtMs: number): void {
    this.#sql.exec(
      `UPDATE ${this.#table} SET attempts = ?, due_at_ms = ? WHERE id = ?`,
      attempts,
      dueAtMs,
      id,
    );
  }

  dropNotice(id: string): void {
    this.#sql.exec(`DELETE FROM ${this.#table} WHERE id = ?`, id);
  }

  /** Forgets all of them. */
  clear(): void {
    this.#sql.exec(`DELETE FROM ${this.#table}`);
  }
}

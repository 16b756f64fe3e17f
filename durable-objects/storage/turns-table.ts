import type { JobKind, QueuedJob } from "../../src/archive/jobs.ts";

type TurnRow = { id: string; kind: string; state: string; entered_at_ms: number };

/** The queue of jobs of one archive: table `turns`. Synchronous. */
export class TurnsTable {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  queue(): readonly QueuedJob[] {
    return this.#sql
      .exec<TurnRow>("SELECT id, kind, state, entered_at_ms FROM turns ORDER BY position")
      .toArray()
      .map(({ id, kind, state, entered_at_ms }) => ({
        id,
        kind: kind as JobKind,
        state: state === "running" ? "running" : "waiting",
        enteredAtMs: entered_at_ms,
      }));
  }

  /** Replaces the queue; it holds a handful of jobs at most. */
  save(queue: readonly QueuedJob[]): void {
    this.#sql.exec("DELETE FROM turns");
    for (const [position, { id, kind, state, enteredAtMs }] of queue.entries()) {
      this.#sql.exec(
        "INSERT INTO turns (position, id, kind, state, entered_at_ms) VALUES (?, ?, ?, ?, ?)",
        position,
        id,
        kind,
        state,
        enteredAtMs,
      );
    }
  }
}

import type { EdgeCount } from "../../src/region/edge.ts";

/** Rows of one answer: the places of some days, and what one call carries easily. */
const ROWS_MAX = 10_000;

/** Requests refused for their place before it was known whose they were, by hour. */
export class EdgesTable {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  add(counts: readonly EdgeCount[]): void {
    for (const { hourMs, colo, outcome, count } of counts) {
      this.#sql.exec(
        `INSERT INTO edges (hour_ms, colo, outcome, count) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (hour_ms, colo, outcome) DO UPDATE SET count = count + ?4`,
        hourMs,
        colo,
        outcome,
        count,
      );
    }
  }

  since(fromMs: number): readonly EdgeCount[] {
    return this.#sql
      .exec<EdgeCount>(
        `SELECT hour_ms AS hourMs, colo, outcome, count FROM edges WHERE hour_ms >= ?
         ORDER BY hour_ms DESC, colo, outcome LIMIT ?`,
        fromMs,
        ROWS_MAX,
      )
      .toArray();
  }

  prune(beforeMs: number): void {
    this.#sql.exec("DELETE FROM edges WHERE hour_ms < ?", beforeMs);
  }
}

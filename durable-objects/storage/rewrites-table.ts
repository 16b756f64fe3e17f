import { createHash } from "node:crypto";

import type { EraseLog, ErasedTotals, Rewrite } from "../../src/archive/erase-log.ts";
import type { RegulationId } from "../../src/core/ids.ts";
import { SHOWN_MS } from "../../src/regulation/regulation.ts";

type RewriteRow = {
  key: string;
  after_sha256: string;
  before_sha256: string;
  month: string;
  removed: number;
};

/** The files that one deletion rewrote: table `rewrites`. Synchronous. */
export class RewritesTable implements EraseLog {
  readonly #sql: SqlStorage;
  readonly #id: RegulationId;

  constructor(sql: SqlStorage, id: RegulationId) {
    this.#sql = sql;
    this.#id = id;
  }

  /** Forgets what was rewritten so long ago that no request about it is shown any more. */
  static prune(sql: SqlStorage, nowMs: number): void {
    sql.exec("DELETE FROM rewrites WHERE at_ms < ?", nowMs - 2 * SHOWN_MS);
  }

  writing({ month, key, removed, before, after }: Rewrite): void {
    this.#sql.exec(
      `INSERT OR REPLACE INTO rewrites
         (regulation_id, key, after_sha256, before_sha256, month, removed, is_recorded, at_ms)
       VALUES (?, ?, ?, ?, ?, ?, 0, ?)`,
      this.#id,
      key,
      after,
      before,
      month,
      removed,
      Date.now(),
    );
  }

  recorded(key: string, after: string): void {
    this.#sql.exec(
      `UPDATE rewrites SET is_recorded = 1
       WHERE regulation_id = ? AND key = ? AND after_sha256 = ? AND is_recorded = 0`,
      this.#id,
      key,
      after,
    );
  }

  written(): readonly Rewrite[] {
    return this.#rows(0);
  }

  totals(): ErasedTotals {
    const hash = createHash("sha256");
    let eventsErased = 0;
    const rows = this.#rows(1);
    for (const { key, before, after, removed } of rows) {
      hash.update(`${key} ${before} ${after}\n`);
      eventsErased += removed;
    }
    return { filesRewritten: rows.length, eventsErased, filesSha256: hash.digest("hex") };
  }

  #rows(isRecorded: 0 | 1): readonly Rewrite[] {
    return this.#sql
      .exec<RewriteRow>(
        `SELECT key, after_sha256, before_sha256, month, removed FROM rewrites
         WHERE regulation_id = ? AND is_recorded = ? ORDER BY key, after_sha256`,
        this.#id,
        isRecorded,
      )
      .toArray()
      .map((row) => ({
        month: row.month,
        key: row.key,
        removed: row.removed,
        before: row.before_sha256,
        after: row.after_sha256,
      }));
  }
}

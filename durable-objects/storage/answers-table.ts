import type { RandomBytes } from "../../src/core/base32.ts";
import { err, ok, type Result } from "../../src/core/result.ts";
import {
  IDEMPOTENCY_MS,
  openAnswer,
  sealAnswer,
  type Idempotency,
  type IdempotencyRefusal,
} from "../../src/workspace/idempotency.ts";

/** An answer given before under the same Idempotency-Key. */
export type HeldAnswer = { readonly answer: unknown; readonly isDone: boolean };

/** The table `answers`: what POSTs with an Idempotency-Key were answered, sealed, for 24 hours. */
export class AnswersTable {
  readonly #sql: SqlStorage;
  readonly #random: RandomBytes;

  constructor(sql: SqlStorage, random: RandomBytes) {
    this.#sql = sql;
    this.#random = random;
  }

  /** The answer held for the key, nothing, or that the key was used for another request. */
  find(by: Idempotency, nowMs: number): Result<HeldAnswer | undefined, IdempotencyRefusal> {
    const [row] = this.#sql
      .exec<{ request_hash: string; sealed: ArrayBuffer; is_done: number }>(
        "SELECT request_hash, sealed, is_done FROM answers WHERE key_hash = ? AND expires_at_ms > ?",
        by.keyHash,
        nowMs,
      )
      .toArray();
    if (row === undefined) return ok(undefined);
    if (row.request_hash !== by.requestHash) return err({ kind: "idempotency-key-reused" });
    const answer = openAnswer(by.sealKey, new Uint8Array(row.sealed));
    return ok({ answer, isDone: row.is_done === 1 });
  }

  /** Holds an answer; with `isDone` false it is only what a repetition has to go on with. */
  hold(by: Idempotency, answer: unknown, isDone: boolean, nowMs: number): void {
    this.#sql.exec(
      `INSERT OR REPLACE INTO answers (key_hash, request_hash, sealed, is_done, expires_at_ms)
       VALUES (?, ?, ?, ?, ?)`,
      by.keyHash,
      by.requestHash,
      sealAnswer(by.sealKey, answer, this.#random),
      isDone ? 1 : 0,
      nowMs + IDEMPOTENCY_MS,
    );
  }

  /** Drops what nobody can ask for any more. */
  prune(nowMs: number): void {
    this.#sql.exec("DELETE FROM answers WHERE expires_at_ms <= ?", nowMs);
  }
}

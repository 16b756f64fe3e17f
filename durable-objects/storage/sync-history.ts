import { readStored } from "../../src/core/stored-json.ts";
import { err, ok, type Result } from "../../src/core/result.ts";
import type { Place, PlacePage, Repeat, SyncRefusal } from "../../src/sync/ports.ts";
import type { Sample } from "../../src/sync/run/ports.ts";
import type { LogRecord, SyncRun } from "../../src/sync/run/run.ts";
import type { SyncRunId } from "../../src/sync/sync.ts";
import { IDEMPOTENCY_MS } from "../../src/workspace/idempotency.ts";
import { unpack } from "./packing.ts";

/** Runs kept of one sync, besides the one under way. */
const RUNS_KEPT = 1_000;

/** How long samples are kept: Census's seven days. */
const SAMPLES_MS = 7 * 86_400_000;

/** The runs of one sync and what is kept of their records, for people to look at. */
export class SyncHistory {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  nextNumber(): number {
    const query = "SELECT coalesce(max(number), 0) + 1 AS n FROM runs";
    return this.#sql.exec<{ n: number }>(query).one().n;
  }

  add(run: SyncRun): void {
    this.#sql.exec(
      "INSERT INTO runs (number, id, state, ended_at_ms, body) VALUES (?, ?, ?, ?, ?)",
      run.number,
      run.id,
      run.state,
      run.endedAtMs ?? null,
      JSON.stringify(run),
    );
  }

  /** The run that `begin` makes, or where the call was made before the one that it made then. */
  once(
    repeat: Repeat | undefined,
    nowMs: number,
    begin: () => SyncRun,
  ): Result<SyncRun, SyncRefusal> {
    if (repeat === undefined) return ok(begin());
    const { keyHash, requestHash } = repeat;
    const [held] = this.#sql
      .exec<{ request_hash: string; number: number }>(
        "SELECT request_hash, number FROM repeats WHERE key_hash = ? AND at_ms > ?",
        keyHash,
        nowMs - IDEMPOTENCY_MS,
      )
      .toArray();
    const before = held === undefined ? undefined : this.find(held.number);
    if (before !== undefined) {
      return held?.request_hash === requestHash
        ? ok(before)
        : err({ kind: "idempotency-key-reused" });
    }
    const run = begin();
    this.#sql.exec(
      "INSERT OR REPLACE INTO repeats (key_hash, request_hash, number, at_ms) VALUES (?, ?, ?, ?)",
      keyHash,
      requestHash,
      run.number,
      nowMs,
    );
    return ok(run);
  }

  find(id: SyncRunId | number): SyncRun | undefined {
    const column = typeof id === "number" ? "number" : "id";
    return this.#read(`SELECT body FROM runs WHERE ${column} = ?`, id)[0];
  }

  page({
    before,
    limit,
  }: {
    readonly before?: number;
    readonly limit: number;
  }): readonly SyncRun[] {
    return this.#read(
      "SELECT body FROM runs WHERE number < ? ORDER BY number DESC LIMIT ?",
      before ?? Number.MAX_SAFE_INTEGER,
      limit,
    );
  }

  place({ offset, limit, isNewestFirst }: Place): PlacePage<SyncRun> {
    const order = isNewestFirst ? "DESC" : "ASC";
    return {
      data: this.#read(
        `SELECT body FROM runs ORDER BY number ${order} LIMIT ? OFFSET ?`,
        limit,
        offset,
      ),
      total: this.#sql.exec<{ n: number }>("SELECT count(*) AS n FROM runs").one().n,
    };
  }

  /** Runs that completed before that one, newest first. */
  completedBefore(number: number, limit: number): readonly SyncRun[] {
    return this.#read(
      "SELECT body FROM runs WHERE number < ? AND state = 'completed' ORDER BY number DESC LIMIT ?",
      number,
      limit,
    ).filter(({ kind }) => kind === "sync");
  }

  /** The last run that is over and was not skipped. */
  last(): SyncRun | undefined {
    return this.#read(
      `SELECT body FROM runs WHERE ended_at_ms IS NOT NULL AND state <> 'skipped'
       ORDER BY number DESC LIMIT 1`,
    )[0];
  }

  /** When the last run that was not skipped was made. */
  lastStarted(): number | undefined {
    const [run] = this.#read(
      "SELECT body FROM runs WHERE state <> 'skipped' ORDER BY number DESC LIMIT 1",
    );
    return run?.createdAtMs;
  }

  samples(
    number: number,
    { kind, identifier }: { readonly kind?: Sample["kind"]; readonly identifier?: string },
  ): readonly LogRecord[] {
    return this.#sql
      .exec<{ kind: Sample["kind"]; body: ArrayBuffer }>(
        "SELECT kind, body FROM samples WHERE number = ? ORDER BY id",
        number,
      )
      .toArray()
      .filter((row) => kind === undefined || row.kind === kind)
      .map((row) => unpack<LogRecord>(row.body))
      .filter((record) => identifier === undefined || record.identifier === identifier);
  }

  prune(nowMs: number): void {
    this.#sql.exec("DELETE FROM samples WHERE at_ms < ?", nowMs - SAMPLES_MS);
    this.#sql.exec("DELETE FROM repeats WHERE at_ms <= ?", nowMs - IDEMPOTENCY_MS);
    this.#sql.exec(
      "DELETE FROM runs WHERE ended_at_ms IS NOT NULL AND number <= (SELECT max(number) FROM runs) - ?",
      RUNS_KEPT,
    );
  }

  #read(query: string, ...bindings: readonly (string | number)[]): SyncRun[] {
    return this.#sql
      .exec<{ body: string }>(query, ...bindings)
      .toArray()
      .map(({ body }) => readStored<SyncRun>(body));
  }
}

import { LINKED_CHARS_MAX, LINKED_MAX } from "../../src/archive/link.ts";
import type { RegulationId, SourceId } from "../../src/core/ids.ts";
import { effectsOf, SHOWN_MS, type Regulation } from "../../src/regulation/regulation.ts";
import type {
  RegulationStatus,
  RegulationType,
  SubjectType,
} from "../../src/regulation/regulation.ts";
import type { JournalEntry } from "../../src/workspace/regulation-journal.ts";
import {
  COLUMNS,
  toRegulation,
  toSuppression,
  type RegulationRow,
  type Suppression,
  type SuppressionRow,
} from "./regulation-rows.ts";

/** Tables that say whom requests are about: they are kept for as long as one may be done again. */
const NAMING = ["regulation_subjects", "regulation_links"] as const;

const OF_OLD = "WHERE regulation_id IN (SELECT id FROM regulations WHERE finished_at_ms < ?)";

/**
 * Requests about users, whom they name, and who is suppressed: tables `regulations`,
 * `regulation_subjects`, `regulation_links`, `suppressions`, `suppression_versions`. Synchronous.
 */
export class RegulationsTable {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** The version of the suppressions; 0 before the first. */
  version(): number {
    const query = "SELECT coalesce(max(version), 0) AS version FROM suppression_versions";
    return this.#sql.exec<{ version: number }>(query).one().version;
  }

  /** Writes a request down with its subjects, and what it changes of the suppressions. */
  add(
    { number, id, draft, createdAtMs: nowMs, commitment }: JournalEntry,
    change: "add" | "lift" | "none",
  ): void {
    const { type, subjectType, subjectIds, sourceId = "" } = draft;
    const isLate = this.#holdsAfter(number);
    this.#sql.exec(
      `INSERT INTO regulations (position, id, source_id, type, subject_type, subjects, status,
         created_at_ms, progress, is_linked, commitment)
       VALUES (?, ?, ?, ?, ?, ?, 'INITIALIZED', ?, '{}', ?, ?)`,
      number,
      id,
      sourceId,
      type,
      subjectType,
      subjectIds.length,
      nowMs,
      draft.linkedAnonymousIds === true ? 1 : 0,
      commitment,
    );
    for (const subject of subjectIds) {
      this.#sql.exec(
        "INSERT INTO regulation_subjects (regulation_id, subject_id) VALUES (?, ?)",
        id,
        subject,
      );
      if (isLate && this.#isOutdone(number, subjectType, subject, sourceId)) continue;
      if (change === "add") this.#suppress(subjectType, subject, sourceId, nowMs);
      if (change === "lift") this.#lift(subjectType, subject, sourceId);
    }
    if (change !== "none") this.#nextVersion();
  }

  regulation(id: string): Regulation | undefined {
    const [row] = this.#sql
      .exec<RegulationRow>(`SELECT ${COLUMNS} FROM regulations WHERE id = ?`, id)
      .toArray();
    return row === undefined ? undefined : toRegulation(row);
  }

  /** Requests by the order they came in, newest first, before the one with the id `after`. */
  page(after: string | undefined, limit: number): readonly Regulation[] {
    return this.#sql
      .exec<RegulationRow>(
        `SELECT ${COLUMNS} FROM regulations
         WHERE position < coalesce((SELECT position FROM regulations WHERE id = ?), ?)
         ORDER BY position DESC LIMIT ?`,
        after ?? "",
        Number.MAX_SAFE_INTEGER,
        limit,
      )
      .toArray()
      .map(toRegulation);
  }

  /** Requests that are not over, oldest first. */
  open(): readonly Regulation[] {
    return this.#sql
      .exec<RegulationRow>(
        `SELECT ${COLUMNS} FROM regulations WHERE status IN ('INITIALIZED', 'RUNNING')
         ORDER BY position`,
      )
      .toArray()
      .map(toRegulation);
  }

  subjects(id: RegulationId): readonly string[] {
    return this.#sql
      .exec<{ subject_id: string }>(
        "SELECT subject_id FROM regulation_subjects WHERE regulation_id = ? ORDER BY subject_id",
        id,
      )
      .toArray()
      .map((row) => row.subject_id);
  }

  /** Adds anonymous ids that stood beside a request's users; false, and none, when they are too many. */
  link(id: RegulationId, anonymousIds: readonly string[]): boolean {
    for (const anonymousId of anonymousIds) {
      this.#sql.exec("INSERT OR IGNORE INTO regulation_links VALUES (?, ?)", id, anonymousId);
    }
    const { count, chars } = this.#sql
      .exec<{ count: number; chars: number }>(
        `SELECT count(*) AS count, coalesce(sum(length(anonymous_id)), 0) AS chars
         FROM regulation_links WHERE regulation_id = ?`,
        id,
      )
      .one();
    return count <= LINKED_MAX && chars <= LINKED_CHARS_MAX;
  }

  links(id: RegulationId): readonly string[] {
    return this.#sql
      .exec<{ anonymous_id: string }>(
        "SELECT anonymous_id FROM regulation_links WHERE regulation_id = ? ORDER BY anonymous_id",
        id,
      )
      .toArray()
      .map((row) => row.anonymous_id);
  }

  linkCount(id: RegulationId): number {
    return this.#sql
      .exec<{ n: number }>("SELECT count(*) AS n FROM regulation_links WHERE regulation_id = ?", id)
      .one().n;
  }

  /** How far a request is, as whoever works on it wrote it down. */
  progress(id: RegulationId): string {
    const [row] = this.#sql
      .exec<{ progress: string }>("SELECT progress FROM regulations WHERE id = ?", id)
      .toArray();
    return row?.progress ?? "{}";
  }

  saveProgress(id: RegulationId, progress: string): void {
    this.#sql.exec(
      "UPDATE regulations SET status = 'RUNNING', progress = ? WHERE id = ? AND finished_at_ms IS NULL",
      progress,
      id,
    );
  }

  finish(id: RegulationId, status: RegulationStatus, nowMs: number): void {
    this.#sql.exec(
      "UPDATE regulations SET status = ?, finished_at_ms = ? WHERE id = ? AND finished_at_ms IS NULL",
      status,
      nowMs,
      id,
    );
  }

  /** Whether it is still kept whom requests were about that are old. */
  hasOld(nowMs: number): boolean {
    return NAMING.some((table) => {
      const query = `SELECT count(*) AS n FROM (SELECT 1 FROM ${table} ${OF_OLD} LIMIT 1)`;
      return this.#sql.exec<{ n: number }>(query, nowMs - SHOWN_MS).one().n > 0;
    });
  }

  /** Forgets whom old requests were about; the requests stay. */
  prune(nowMs: number): void {
    for (const table of NAMING) {
      this.#sql.exec(`DELETE FROM ${table} ${OF_OLD}`, nowMs - SHOWN_MS);
    }
  }

  /** Suppressions in the order they were made, after that position. */
  suppressions(after: number, limit: number): readonly Suppression[] {
    return this.#sql
      .exec<SuppressionRow>(
        `SELECT position, subject_type, subject_id, source_id FROM suppressions
         WHERE position > ? ORDER BY position LIMIT ?`,
        after,
        limit,
      )
      .toArray()
      .map(toSuppression);
  }

  /** The suppressions of one user, of the workspace's and of single sources. */
  suppressionsOf(subjectType: SubjectType, subjectId: string): readonly Suppression[] {
    return this.#sql
      .exec<SuppressionRow>(
        `SELECT position, subject_type, subject_id, source_id FROM suppressions
         WHERE subject_type = ? AND subject_id = ? ORDER BY source_id`,
        subjectType,
        subjectId,
      )
      .toArray()
      .map(toSuppression);
  }

  suppressionCount(): number {
    return this.#sql.exec<{ n: number }>("SELECT count(*) AS n FROM suppressions").one().n;
  }

  /** Whose events the source does not store, one at a time: there may be very many. */
  *suppressedIn(
    sourceId: SourceId,
  ): Generator<{ readonly subjectType: SubjectType; readonly subjectId: string }> {
    const rows = this.#sql.exec<{ subject_type: string; subject_id: string }>(
      "SELECT subject_type, subject_id FROM suppressions WHERE source_id IN ('', ?)",
      sourceId,
    );
    for (const row of rows) {
      yield { subjectType: row.subject_type as SubjectType, subjectId: row.subject_id };
    }
  }

  #holdsAfter(number: number): boolean {
    const query =
      "SELECT count(*) AS n FROM (SELECT 1 FROM regulations WHERE position > ? LIMIT 1)";
    return this.#sql.exec<{ n: number }>(query, number).one().n > 0;
  }

  /** Whether a later request, which was found earlier, has decided on this user's suppression. */
  #isOutdone(number: number, subjectType: string, subjectId: string, sourceId: string): boolean {
    return this.#sql
      .exec<{ type: RegulationType }>(
        `SELECT type FROM regulations JOIN regulation_subjects ON regulation_id = id
         WHERE position > ? AND subject_type = ? AND source_id = ? AND subject_id = ?`,
        number,
        subjectType,
        sourceId,
        subjectId,
      )
      .toArray()
      .some(({ type }) => effectsOf(type).suppression !== "none");
  }

  #suppress(subjectType: SubjectType, subjectId: string, sourceId: string, nowMs: number): void {
    this.#sql.exec(
      `INSERT OR IGNORE INTO suppressions (subject_type, subject_id, source_id, created_at_ms)
       VALUES (?, ?, ?, ?)`,
      subjectType,
      subjectId,
      sourceId,
      nowMs,
    );
  }

  #lift(subjectType: SubjectType, subjectId: string, sourceId: string): void {
    this.#sql.exec(
      "DELETE FROM suppressions WHERE subject_type = ? AND subject_id = ? AND source_id = ?",
      subjectType,
      subjectId,
      sourceId,
    );
  }

  #nextVersion(): void {
    this.#sql.exec(
      `INSERT INTO suppression_versions (id, version) VALUES (1, 1)
       ON CONFLICT (id) DO UPDATE SET version = version + 1`,
    );
  }
}

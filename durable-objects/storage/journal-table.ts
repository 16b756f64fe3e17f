import type { RegulationId, SourceId } from "../../src/core/ids.ts";
import { readStored } from "../../src/core/stored-json.ts";
import type { ArchiveLocation } from "../../src/region/regions.ts";
import type { Regulation, RegulationDraft } from "../../src/regulation/regulation.ts";
import type { JournalEntry } from "../../src/workspace/regulation-journal.ts";
import { COLUMNS, toRegulation, type RegulationRow } from "./regulation-rows.ts";
import type { RegulationsTable } from "./regulations-table.ts";

/** An entry of the journal, and the locations whose bucket is known to have it. */
export type JournalRow = {
  readonly number: number;
  readonly locations: readonly ArchiveLocation[];
};

/** A request and its number. */
export type NumberedRegulation = { readonly number: number; readonly regulation: Regulation };

type Row = { number: number; locations: string };

/** Where the entries of the journal stand: table `journal`. Synchronous. */
export class JournalTable {
  readonly #sql: SqlStorage;
  readonly #regulations: Pick<RegulationsTable, "regulation" | "subjects">;

  constructor(sql: SqlStorage, regulations: Pick<RegulationsTable, "regulation" | "subjects">) {
    this.#sql = sql;
    this.#regulations = regulations;
  }

  /** The number of the last request that this workspace knows. */
  lastNumber(): number {
    const query = "SELECT coalesce(max(position), 0) AS number FROM regulations";
    return this.#sql.exec<{ number: number }>(query).one().number;
  }

  /**
   * The number up to which every request is known, as far back as the buckets may hold one: a gap is
   * left where an entry could not be read when later ones were.
   */
  knownThrough(): number {
    const count = (query: string, ...bindings: number[]): number =>
      this.#sql.exec<{ number: number }>(query, ...bindings).one().number;
    const last = this.lastNumber();
    const first = count("SELECT coalesce(min(number), ?) AS number FROM journal", last);
    const before = count(
      "SELECT coalesce(max(position), 0) AS number FROM regulations WHERE position < ?",
      first,
    );
    if (before < first - 1) return before;
    return count(
      `SELECT coalesce(min(position), ?1) AS number FROM regulations AS held WHERE position >= ?2
         AND NOT EXISTS (SELECT 1 FROM regulations WHERE position = held.position + 1)`,
      before,
      first,
    );
  }

  /** Which request has that number. */
  idOf(number: number): RegulationId | undefined {
    const query = "SELECT id FROM regulations WHERE position = ?";
    return this.#sql.exec<{ id: RegulationId }>(query, number).toArray()[0]?.id;
  }

  /** The request with that number, and its ids while they are kept, as its entry. */
  entry(number: number): JournalEntry | undefined {
    const held = this.idOf(number);
    const found = held === undefined ? undefined : this.#regulations.regulation(held);
    if (found === undefined) return undefined;
    const { id, type, subjectType, sourceId, createdAtMs, linkedAnonymousIds, commitment } = found;
    const draft: RegulationDraft = {
      type,
      subjectType,
      subjectIds: this.#regulations.subjects(id),
      ...(sourceId === undefined ? {} : { sourceId }),
      linkedAnonymousIds,
    };
    return { number, id, createdAtMs, commitment: commitment ?? "", draft };
  }

  /**
   * Requests about a source that were not over before `sinceMs`, the last one first: each is read when
   * it is asked for.
   */
  *back(sourceId: SourceId, sinceMs: number): Generator<NumberedRegulation> {
    const rows = this.#sql.exec<RegulationRow>(
      `SELECT ${COLUMNS} FROM regulations
       WHERE source_id IN ('', ?) AND coalesce(finished_at_ms, ?2) >= ?2 ORDER BY position DESC`,
      sourceId,
      sinceMs,
    );
    for (const row of rows) yield { number: row.position, regulation: toRegulation(row) };
  }

  numberOf(id: RegulationId): number {
    return this.#sql
      .exec<{ position: number }>("SELECT position FROM regulations WHERE id = ?", id)
      .one().position;
  }

  /** Has a request that was over done again, from there. */
  reopen(id: RegulationId, progress: string): void {
    this.#sql.exec(
      `UPDATE regulations SET status = 'RUNNING', finished_at_ms = NULL, progress = ? WHERE id = ?`,
      progress,
      id,
    );
  }

  save({ number, locations }: JournalRow): void {
    this.#sql.exec(
      "INSERT OR REPLACE INTO journal (number, locations) VALUES (?, ?)",
      number,
      JSON.stringify(locations),
    );
  }

  /** Where an entry is known to stand. */
  locations(number: number): readonly ArchiveLocation[] {
    return this.#rows("WHERE number = ?", number)[0]?.locations ?? [];
  }

  /** Entries that some location lacks, while it is still known whom they name. */
  incomplete(locations: number): readonly JournalRow[] {
    return this.#rows(
      `WHERE json_array_length(locations) < ? AND number IN
         (SELECT position FROM regulations JOIN regulation_subjects ON regulation_id = id)`,
      locations,
    );
  }

  /** Entries of requests that were over before `beforeMs`. */
  old(beforeMs: number): readonly JournalRow[] {
    return this.#rows(
      "WHERE number IN (SELECT position FROM regulations WHERE finished_at_ms < ?)",
      beforeMs,
    );
  }

  remove(number: number): void {
    this.#sql.exec("DELETE FROM journal WHERE number = ?", number);
  }

  #rows(where: string, value: number): readonly JournalRow[] {
    return this.#sql
      .exec<Row>(`SELECT number, locations FROM journal ${where} ORDER BY number`, value)
      .toArray()
      .map(({ number, locations }) => ({ number, locations: readStored(locations) }));
  }
}

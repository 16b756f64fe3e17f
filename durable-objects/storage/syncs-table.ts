import { readStored } from "../../src/core/stored-json.ts";
import type { Place, PlacePage } from "../../src/sync/ports.ts";
import type { Sync } from "../../src/sync/sync.ts";

/** The rows of a workspace's syncs, as values. Synchronous. */
export class SyncsTable {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Syncs that are not deleted, oldest first, after the one with the id `after`. */
  list(after?: string, limit = -1): Sync[] {
    return this.#read(
      `SELECT body FROM syncs WHERE is_deleted = 0
         AND number > coalesce((SELECT number FROM syncs WHERE id = ?), 0)
       ORDER BY number LIMIT ?`,
      after ?? "",
      limit,
    );
  }

  /** Syncs that are not deleted, by their place among them. */
  place({ offset, limit, isNewestFirst }: Place): PlacePage<Sync> {
    const order = isNewestFirst ? "DESC" : "ASC";
    const count = "SELECT count(*) AS n FROM syncs WHERE is_deleted = 0";
    return {
      data: this.#read(
        `SELECT body FROM syncs WHERE is_deleted = 0 ORDER BY number ${order} LIMIT ? OFFSET ?`,
        limit,
        offset,
      ),
      total: this.#sql.exec<{ n: number }>(count).one().n,
    };
  }

  /** Every sync there ever was: what a deleted one kept may still be there. */
  all(): Sync[] {
    return this.#read("SELECT body FROM syncs ORDER BY number");
  }

  /** One of so many parts of all syncs there ever were, by their numbers. */
  part(part: number, parts: number): Sync[] {
    return this.#read("SELECT body FROM syncs WHERE number % ? = ?", parts, part);
  }

  /** A sync by its id or its number, deleted ones included. */
  find(id: string): Sync | undefined {
    const column = /^\d{1,9}$/.test(id) ? "number" : "id";
    return this.#read(`SELECT body FROM syncs WHERE ${column} = ?`, id)[0];
  }

  nextNumber(): number {
    const query = "SELECT coalesce(max(number), 0) + 1 AS n FROM syncs";
    return this.#sql.exec<{ n: number }>(query).one().n;
  }

  save(sync: Sync): void {
    this.#sql.exec(
      `INSERT INTO syncs (number, id, is_deleted, body) VALUES (?1, ?2, ?3, ?4)
       ON CONFLICT (number) DO UPDATE SET is_deleted = ?3, body = ?4`,
      sync.number,
      sync.id,
      sync.deletedAtMs === undefined ? 0 : 1,
      JSON.stringify(sync),
    );
  }

  #read(query: string, ...bindings: readonly (string | number)[]): Sync[] {
    return this.#sql
      .exec<{ body: string }>(query, ...bindings)
      .toArray()
      .map(({ body }) => readStored<Sync>(body));
  }
}

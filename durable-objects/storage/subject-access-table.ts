import { readStored } from "../../src/core/stored-json.ts";
import type { SubjectAccess } from "../../src/regulation/subject-access.ts";

type AccessRow = { body: string };

/** Requests to see users' events: table `subject_accesses`. Synchronous. */
export class SubjectAccessTable {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  find(id: string): SubjectAccess | undefined {
    const [row] = this.#sql
      .exec<AccessRow>("SELECT body FROM subject_accesses WHERE id = ?", id)
      .toArray();
    return row === undefined ? undefined : readStored<SubjectAccess>(row.body);
  }

  /** All of them, oldest first: they are few, and go when their files do. */
  all(): readonly SubjectAccess[] {
    return this.#sql
      .exec<AccessRow>("SELECT body FROM subject_accesses ORDER BY position")
      .toArray()
      .map((row) => readStored<SubjectAccess>(row.body));
  }

  save(access: SubjectAccess): void {
    this.#sql.exec(
      `INSERT INTO subject_accesses (id, body) VALUES (?, ?)
       ON CONFLICT (id) DO UPDATE SET body = excluded.body`,
      access.id,
      JSON.stringify(access),
    );
  }

  remove(id: string): void {
    this.#sql.exec("DELETE FROM subject_accesses WHERE id = ?", id);
  }
}

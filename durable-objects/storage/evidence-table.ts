import type { EvidenceRow } from "../../src/egress/evidence-book.ts";

/** The row that says until when the workspace knows the evidence. */
const TOLD = "told";

/** What is used of `SqlStorage`, so that a test can stand in for it. */
type Sql = {
  exec<T extends Record<string, SqlStorageValue>>(
    query: string,
    ...bindings: SqlStorageValue[]
  ): { toArray(): T[] };
};

/** The table `evidence` of one object. All calls are synchronous. */
export class EvidenceTable {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  read(): { readonly rows: readonly EvidenceRow[]; readonly toldAtMs: number | undefined } {
    const all = this.#sql
      .exec<{ kind: string; key: string; body: string }>("SELECT kind, key, body FROM evidence")
      .toArray();
    const told = all.find(({ kind }) => kind === TOLD);
    return {
      rows: all.filter((row): row is EvidenceRow => row.kind !== TOLD),
      toldAtMs: told === undefined ? undefined : Number(told.body),
    };
  }

  write(rows: readonly EvidenceRow[]): void {
    for (const { kind, key, body } of rows) this.#put(kind, key, body);
  }

  drop(kind: EvidenceRow["kind"], keys: readonly string[]): void {
    for (const key of keys) {
      this.#sql.exec("DELETE FROM evidence WHERE kind = ? AND key = ?", kind, key);
    }
  }

  told(atMs: number): void {
    this.#put(TOLD, "", String(atMs));
  }

  #put(kind: string, key: string, body: string): void {
    this.#sql.exec(
      `INSERT INTO evidence (kind, key, body) VALUES (?1, ?2, ?3)
       ON CONFLICT (kind, key) DO UPDATE SET body = ?3`,
      kind,
      key,
      body,
    );
  }
}

import { readStored } from "../../src/core/stored-json.ts";
import {
  nextEntry,
  type AuditAction,
  type AuditEntry,
  type AuditFact,
} from "../../src/workspace/audit.ts";

type AuditRow = Omit<AuditEntry, "atMs" | "fields"> & { at_ms: number; fields: string };

/** The audit chain as rows; they are only ever added. */
export class AuditChainTable {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  note(fact: AuditFact): void {
    const entry = nextEntry(this.last(), fact);
    this.#sql.exec(
      `INSERT INTO audit (seq, at_ms, actor, action, subject, fields, previous, hash)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      entry.seq,
      entry.atMs,
      entry.actor,
      entry.action,
      entry.subject,
      JSON.stringify(entry.fields),
      entry.previous,
      entry.hash,
    );
  }

  last(): AuditEntry | undefined {
    return this.#read("SELECT * FROM audit ORDER BY seq DESC LIMIT 1")[0];
  }

  /** Entries after that number, oldest first. */
  after(seq: number, limit: number): AuditEntry[] {
    return this.#read("SELECT * FROM audit WHERE seq > ? ORDER BY seq LIMIT ?", seq, limit);
  }

  count(action: AuditAction): number {
    const query = "SELECT count(*) AS n FROM audit WHERE action = ?";
    return this.#sql.exec<{ n: number }>(query, action).one().n;
  }

  /** Whether that action was recorded of that subject. */
  has(action: AuditAction, subject: string): boolean {
    const query = "SELECT count(*) AS n FROM audit WHERE action = ? AND subject = ?";
    return this.#sql.exec<{ n: number }>(query, action, subject).one().n > 0;
  }

  #read(query: string, ...bindings: SqlStorageValue[]): AuditEntry[] {
    return this.#sql
      .exec<AuditRow>(query, ...bindings)
      .toArray()
      .map(({ at_ms, fields, ...row }) => ({
        ...row,
        atMs: at_ms,
        fields: readStored<string[]>(fields),
      }));
  }
}

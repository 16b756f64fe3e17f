import type { SpillTable } from "../../src/archive/spool.ts";

/** Bytes that are on their way from one reading to one writing: table `spill`. Synchronous. */
export class SpillRows implements SpillTable {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Removes what an earlier life left: nobody can read it any more. */
  clear(): void {
    this.#sql.exec("DELETE FROM spill");
  }

  write(spool: number, part: number, bytes: Uint8Array): void {
    this.#sql.exec("INSERT INTO spill (spool, part, bytes) VALUES (?, ?, ?)", spool, part, bytes);
  }

  read(spool: number, part: number): Uint8Array {
    const row = this.#sql
      .exec<{ bytes: ArrayBuffer }>(
        "SELECT bytes FROM spill WHERE spool = ? AND part = ?",
        spool,
        part,
      )
      .one();
    return new Uint8Array(row.bytes);
  }

  drop(spool: number): void {
    this.#sql.exec("DELETE FROM spill WHERE spool = ?", spool);
  }
}

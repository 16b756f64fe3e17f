import type { SealedPart, SpillTable } from "../../src/archive/spool.ts";

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

  write(spool: number, part: number, { bytes, tag }: SealedPart): void {
    this.#sql.exec(
      "INSERT INTO spill (spool, part, bytes, tag) VALUES (?, ?, ?, ?)",
      spool,
      part,
      bytes,
      tag,
    );
  }

  read(spool: number, part: number): SealedPart {
    const row = this.#sql
      .exec<{ bytes: ArrayBuffer; tag: ArrayBuffer }>(
        "SELECT bytes, tag FROM spill WHERE spool = ? AND part = ?",
        spool,
        part,
      )
      .one();
    return { bytes: new Uint8Array(row.bytes), tag: new Uint8Array(row.tag) };
  }

  drop(spool: number): void {
    this.#sql.exec("DELETE FROM spill WHERE spool = ?", spool);
  }
}

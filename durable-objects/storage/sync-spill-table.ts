import type { SpilledPart, SpillStore } from "../../src/sync/engine/spill.ts";
import type { StateSql } from "./sync-state-table.ts";

/** The step of the schema that makes the table; part of the list of the object that has it. */
export const SYNC_SPILL_SQL = `
  CREATE TABLE spilled_rows (
    place   INTEGER PRIMARY KEY, -- partition * 4,294,967,296 + ordinal
    entries BLOB NOT NULL        -- 28 bytes each: key hash, row hash, number of the row
  ) STRICT;
`;

/** Blobs that a partition has at most. */
const ORDINALS_MAX = 2 ** 32;

/** Hashes of a source's rows while a run compares them: table `spilled_rows`. Synchronous. */
export class SyncSpillTable implements SpillStore {
  readonly #sql: StateSql;
  readonly #clearing: () => void;

  /** @param clearing Called before all is dropped. */
  constructor(sql: StateSql, clearing: () => void = () => undefined) {
    this.#sql = sql;
    this.#clearing = clearing;
  }

  put(partition: number, bytes: Uint8Array): void {
    this.#sql.exec(
      `INSERT INTO spilled_rows (place, entries)
       SELECT coalesce(max(place) + 1, ?), ? FROM spilled_rows WHERE place >= ? AND place < ?`,
      partition * ORDINALS_MAX,
      bytes,
      partition * ORDINALS_MAX,
      (partition + 1) * ORDINALS_MAX,
    );
  }

  next(partition: number, ordinal: number): SpilledPart | undefined {
    const rows = this.#sql
      .exec(
        `SELECT place, entries FROM spilled_rows WHERE place > ? AND place < ?
         ORDER BY place LIMIT 1`,
        partition * ORDINALS_MAX + ordinal,
        (partition + 1) * ORDINALS_MAX,
      )
      .toArray() as readonly { readonly place: number; readonly entries: ArrayBuffer }[];
    const [row] = rows;
    if (row === undefined) return undefined;
    return { ordinal: row.place - partition * ORDINALS_MAX, bytes: row.entries };
  }

  clear(): void {
    this.#clearing();
    this.#sql.exec("DELETE FROM spilled_rows");
  }
}

import type { LogRecord } from "../../src/sync/run/run.ts";
import { pack, unpack } from "./packing.ts";

/** Rows looked at in one turn. */
const ROWS_AT_ONCE = 200;

type Row = { readonly id: number; readonly body: ArrayBuffer };

/** Users in what a Sync keeps of records, taken out. Each step is a turn of its own. */
export class SyncForgetting {
  readonly #storage: DurableObjectStorage;
  readonly #isAbout: (record: LogRecord) => boolean;

  constructor(storage: DurableObjectStorage, isAbout: (record: LogRecord) => boolean) {
    this.#storage = storage;
    this.#isAbout = isAbout;
  }

  /** Takes them out of samples; how many records that were. */
  async samples(): Promise<number> {
    return this.#each("SELECT id, body FROM samples WHERE id > ? ORDER BY id LIMIT ?", (row) => {
      if (!this.#isAbout(unpack<LogRecord>(row.body))) return 0;
      this.#storage.sql.exec("DELETE FROM samples WHERE id = ?", row.id);
      return 1;
    });
  }

  /** Takes them out of reports that are not written out yet; how many records that were. */
  async logParts(): Promise<number> {
    const query = "SELECT part AS id, body FROM log_parts WHERE part > ? ORDER BY part LIMIT ?";
    return this.#each(query, (row) => {
      const records = unpack<readonly LogRecord[]>(row.body);
      const kept = records.filter((record) => !this.#isAbout(record));
      if (kept.length === records.length) return 0;
      const update = "UPDATE log_parts SET body = ? WHERE part = ?";
      this.#storage.sql.exec(update, pack(kept), row.id);
      return records.length - kept.length;
    });
  }

  async #each(query: string, take: (row: Row) => number): Promise<number> {
    let erased = 0;
    for (let after = -1; ;) {
      const rows = this.#storage.sql.exec<Row>(query, after, ROWS_AT_ONCE).toArray();
      const last = rows.at(-1);
      if (last === undefined) return erased;
      erased += this.#storage.transactionSync(() => rows.reduce((sum, row) => sum + take(row), 0));
      after = last.id;
      await scheduler.wait(0);
    }
  }
}

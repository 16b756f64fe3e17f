import { readStored } from "../../src/core/stored-json.ts";
import { ENTRY_WORDS, hexAt, packedOf } from "../../src/sync/engine/state/packed.ts";
import type { LogRecord } from "../../src/sync/run/run.ts";
import type { SourceRow } from "../../src/sync/source/source.ts";
import { pack, unpack } from "./packing.ts";

/** Rows looked at in one turn. */
const ROWS_AT_ONCE = 200;
/** Pages of keys looked at in one turn: a megabyte or so of text. */
const PAGES_AT_ONCE = 50;

/** Where keys stand in the clear. Entries go from the first to the second, so that none is missed. */
const KEY_PLACES = [
  { table: "state_chunks", id: "place" },
  { table: "state_pages", id: "first" },
] as const;
/** Those tables. */
export const KEY_TABLES: readonly string[] = KEY_PLACES.map(({ table }) => table);

type Row = { readonly id: number; readonly body: ArrayBuffer };
type KeyRow = { readonly id: number; readonly entries: ArrayBuffer; readonly keys: string };
/** A table of keys, and the last row of it that was looked at. */
type KeyPlace = { readonly at: number; readonly after: number };

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

  /** Whether keys are kept in the clear at all: a mirror's are, also once it is none any more. */
  hasKeys(): boolean {
    return KEY_PLACES.some(({ table }) => {
      const query = `SELECT 1 FROM ${table} WHERE keys IS NOT NULL LIMIT 1`;
      return this.#storage.sql.exec(query).toArray().length > 0;
    });
  }

  /** Hashes of the keys of which that holds, as far as a slice goes, and where to go on. */
  async keys(
    isTheirs: (key: SourceRow) => boolean,
    position: string | undefined,
    isOver: () => boolean,
  ): Promise<{ readonly hashes: readonly string[]; readonly next: string | undefined }> {
    const hashes: string[] = [];
    const begin = position === undefined ? { at: 0, after: -1 } : readStored<KeyPlace>(position);
    let { at, after } = begin;
    for (let place = KEY_PLACES[at]; place !== undefined; place = KEY_PLACES[at]) {
      if (isOver()) return { hashes, next: JSON.stringify({ at, after } satisfies KeyPlace) };
      const rows = this.#storage.sql
        .exec<KeyRow>(
          `SELECT ${place.id} AS id, entries, keys FROM ${place.table}
           WHERE ${place.id} > ? AND keys IS NOT NULL ORDER BY ${place.id} LIMIT ?`,
          after,
          PAGES_AT_ONCE,
        )
        .toArray();
      for (const { entries, keys: cells } of rows) {
        const { words, keys = [] } = packedOf(entries, cells);
        for (const [index, key] of keys.entries()) {
          if (key !== undefined && isTheirs(key)) hashes.push(hexAt(words, index * ENTRY_WORDS));
        }
      }
      const last = rows.at(-1);
      after = last?.id ?? -1;
      if (last === undefined) at += 1;
      await scheduler.wait(0);
    }
    return { hashes, next: undefined };
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

import type { ArchiveLocation } from "../../src/region/regions.ts";

/** A file of an export that was sent to a bucket. */
export type ExportTry = { readonly key: string; readonly location: ArchiveLocation };

/** Files of exports of which it is not known whether they stand, or will: table `export_tries`. */
export class ExportTriesTable {
  readonly #storage: Pick<DurableObjectStorage, "sql" | "sync">;

  constructor(storage: Pick<DurableObjectStorage, "sql" | "sync">) {
    this.#storage = storage;
  }

  /** Noted before it is sent, so that a kill forgets none. */
  async begin({ key, location }: ExportTry): Promise<void> {
    const query = "INSERT OR IGNORE INTO export_tries (key, location) VALUES (?, ?)";
    this.#storage.sql.exec(query, key, location);
    await this.#storage.sync();
  }

  /** It is known now. */
  end({ key, location }: ExportTry): void {
    const query = "DELETE FROM export_tries WHERE key = ? AND location = ?";
    this.#storage.sql.exec(query, key, location);
  }

  open(): readonly ExportTry[] {
    const query = "SELECT key, location FROM export_tries ORDER BY key, location";
    return this.#storage.sql.exec<ExportTry>(query).toArray();
  }

  /** Forgets those of keys that begin so. */
  forget(prefix: string): void {
    const query = "DELETE FROM export_tries WHERE substr(key, 1, length(?1)) = ?1";
    this.#storage.sql.exec(query, prefix);
  }
}

import type { DestinationId, SourceId } from "../../src/core/ids.ts";
import { readStored } from "../../src/core/stored-json.ts";
import { bytesOf, columnOf } from "../../src/deliver/lane/lane-storage.ts";
import type { SealedSecrets } from "../../src/deliver/lane/ports.ts";
import type { Destination } from "../../src/workspace/destination.ts";

/** The rows of a workspace's destinations and their secrets, as values. Synchronous. */
export class DestinationsTable {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Destinations that are not deleted, oldest first, after the one with the id `after`. */
  list(after?: string, limit = -1): Destination[] {
    return this.#read(
      `SELECT body FROM destinations WHERE is_deleted = 0
         AND position > coalesce((SELECT position FROM destinations WHERE id = ?), 0)
       ORDER BY position LIMIT ?`,
      after ?? "",
      limit,
    );
  }

  /** Every destination there ever was: the dead letters of a deleted one stay. */
  all(): Destination[] {
    return this.#read("SELECT body FROM destinations ORDER BY position");
  }

  /** A destination by its id, deleted ones included. */
  find(id: string): Destination | undefined {
    return this.#read("SELECT body FROM destinations WHERE id = ?", id)[0];
  }

  /** Destinations of a source that are on. */
  enabledOf(sourceId: SourceId): DestinationId[] {
    return this.#sql
      .exec<{ id: DestinationId }>(
        "SELECT id FROM destinations WHERE source_id = ? AND is_enabled = 1 ORDER BY position",
        sourceId,
      )
      .toArray()
      .map(({ id }) => id);
  }

  /** Every destination there ever was, with its number. */
  numbered(): readonly (readonly [number, Destination])[] {
    return this.#sql
      .exec<{ position: number; body: string }>(
        "SELECT position, body FROM destinations ORDER BY position",
      )
      .toArray()
      .map(({ position, body }) => [position, readStored<Destination>(body)] as const);
  }

  /** How many there ever were. */
  count(): number {
    return this.#sql.exec<{ n: number }>("SELECT count(*) AS n FROM destinations").one().n;
  }

  save(destination: Destination): void {
    this.#sql.exec(
      `INSERT INTO destinations (id, source_id, is_deleted, is_enabled, body)
       VALUES (?1, ?2, ?3, ?4, ?5)
       ON CONFLICT (id) DO UPDATE SET is_deleted = ?3, is_enabled = ?4, body = ?5`,
      destination.id,
      destination.sourceId,
      destination.deletedAtMs === undefined ? 0 : 1,
      destination.enabled ? 1 : 0,
      JSON.stringify(destination),
    );
  }

  saveSecret(id: DestinationId, field: string, sealed: Uint8Array): void {
    this.#sql.exec(
      `INSERT OR REPLACE INTO destination_secrets (destination_id, field, sealed)
       VALUES (?, ?, ?)`,
      id,
      field,
      columnOf(sealed),
    );
  }

  dropSecret(id: DestinationId, field: string): void {
    this.#sql.exec(
      "DELETE FROM destination_secrets WHERE destination_id = ? AND field = ?",
      id,
      field,
    );
  }

  dropSecrets(id: DestinationId): void {
    this.#sql.exec("DELETE FROM destination_secrets WHERE destination_id = ?", id);
  }

  /** A destination's secrets, sealed, with the key that opens them, wrapped. */
  sealed(id: DestinationId): SealedSecrets | undefined {
    const fields = this.#sql
      .exec<{ field: string; sealed: ArrayBuffer }>(
        "SELECT field, sealed FROM destination_secrets WHERE destination_id = ?",
        id,
      )
      .toArray()
      .map(({ field, sealed }) => ({ field, sealed: bytesOf(sealed) }));
    const wrappedKey = this.wrappedKey();
    return fields.length === 0 || wrappedKey === undefined ? undefined : { wrappedKey, fields };
  }

  /** The workspace's data key, wrapped. */
  wrappedKey(): Uint8Array | undefined {
    const [row] = this.#sql.exec("SELECT wrapped FROM data_keys").toArray();
    return row === undefined ? undefined : bytesOf(row["wrapped"]);
  }

  /** Holds the data key as it is wrapped now. */
  saveWrappedKey(wrapped: Uint8Array): void {
    this.#sql.exec(
      "INSERT OR REPLACE INTO data_keys (id, wrapped) VALUES (1, ?)",
      columnOf(wrapped),
    );
  }

  #read(query: string, ...bindings: SqlStorageValue[]): Destination[] {
    return this.#sql
      .exec<{ body: string }>(query, ...bindings)
      .toArray()
      .map(({ body }) => readStored<Destination>(body));
  }
}

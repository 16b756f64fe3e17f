import { readStored } from "../../src/core/stored-json.ts";
import { bytesOf, columnOf } from "../../src/deliver/lane/lane-storage.ts";
import type { Connection } from "../../src/sync/connection/connection.ts";
import type { ConnectionId } from "../../src/sync/sync.ts";

/** A secret setting, sealed. */
export type SealedField = { readonly field: string; readonly sealed: Uint8Array };

/** The rows of a workspace's connections and their secrets, as values. Synchronous. */
export class ConnectionsTable {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Connections that are not deleted, oldest first, after the one with the id `after`. */
  list(after?: string, limit = -1): Connection[] {
    return this.#read(
      `SELECT body FROM connections WHERE is_deleted = 0
         AND position > coalesce((SELECT position FROM connections WHERE id = ?), 0)
       ORDER BY position LIMIT ?`,
      after ?? "",
      limit,
    );
  }

  /** A connection by its id, deleted ones included. */
  find(id: string): Connection | undefined {
    return this.#read("SELECT body FROM connections WHERE id = ?", id)[0];
  }

  /** Every connection there ever was, with its number. */
  numbered(): readonly (readonly [number, Connection])[] {
    return this.#sql
      .exec<{ position: number; body: string }>(
        "SELECT position, body FROM connections ORDER BY position",
      )
      .toArray()
      .map(({ position, body }) => [position, readStored<Connection>(body)] as const);
  }

  /** How many there ever were. */
  count(): number {
    return this.#sql.exec<{ n: number }>("SELECT count(*) AS n FROM connections").one().n;
  }

  save(connection: Connection): void {
    this.#sql.exec(
      `INSERT INTO connections (id, is_deleted, body) VALUES (?1, ?2, ?3)
       ON CONFLICT (id) DO UPDATE SET is_deleted = ?2, body = ?3`,
      connection.id,
      connection.deletedAtMs === undefined ? 0 : 1,
      JSON.stringify(connection),
    );
  }

  saveSecret(id: ConnectionId, field: string, sealed: Uint8Array): void {
    this.#sql.exec(
      `INSERT OR REPLACE INTO connection_secrets (connection_id, field, sealed) VALUES (?, ?, ?)`,
      id,
      field,
      columnOf(sealed),
    );
  }

  dropSecret(id: ConnectionId, field: string): void {
    this.#sql.exec(
      "DELETE FROM connection_secrets WHERE connection_id = ? AND field = ?",
      id,
      field,
    );
  }

  dropSecrets(id: ConnectionId): void {
    this.#sql.exec("DELETE FROM connection_secrets WHERE connection_id = ?", id);
  }

  sealed(id: ConnectionId): readonly SealedField[] {
    return this.#sql
      .exec<{ field: string; sealed: ArrayBuffer }>(
        "SELECT field, sealed FROM connection_secrets WHERE connection_id = ?",
        id,
      )
      .toArray()
      .map(({ field, sealed }) => ({ field, sealed: bytesOf(sealed) }));
  }

  #read(query: string, ...bindings: SqlStorageValue[]): Connection[] {
    return this.#sql
      .exec<{ body: string }>(query, ...bindings)
      .toArray()
      .map(({ body }) => readStored<Connection>(body));
  }
}

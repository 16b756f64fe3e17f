/** What SQLite gives. */
export type SqlValue = ArrayBuffer | string | number | null;

/** What SQLite takes; a view is bound as its bytes, without a copy. */
export type SqlBinding = SqlValue | Uint8Array;

/** A row as SQLite gives it, by column name. */
export type SqlRow = Record<string, SqlValue>;

export interface SqlCursor<T extends SqlRow> {
  toArray(): T[];
  one(): T;
  readonly rowsWritten: number;
}

/**
 * The part of a Durable Object's storage that deduplication needs. `ctx.storage` satisfies it as it
 * is; tests in Node satisfy it with `node:sqlite`.
 */
export interface DedupStorage {
  readonly sql: {
    exec<T extends SqlRow>(query: string, ...bindings: SqlBinding[]): SqlCursor<T>;
  };
  /** Runs `closure` as one transaction that is rolled back when it throws. */
  transactionSync<T>(closure: () => T): T;
}

import { DatabaseSync } from "node:sqlite";
import type {
  DedupStorage,
  SqlBinding,
  SqlCursor,
  SqlRow,
} from "../../src/ingest/queue/dedup/dedup-storage.ts";

/** A Durable Object's SQLite storage, as far as deduplication uses it, on Node's own SQLite. */
export class NodeStorage implements DedupStorage {
  readonly #database = new DatabaseSync(":memory:");
  #depth = 0;
  /** When set, the statement that brings it to zero throws instead of running. */
  #statementsLeft: number | undefined;
  statements = 0;
  /** The largest value bound so far. */
  blobBytesMax = 0;
  /** The longest text bound so far. */
  textCharsMax = 0;
  /** Statements that wrote. */
  writes = 0;

  readonly sql = {
    exec: <T extends SqlRow>(query: string, ...bindings: SqlBinding[]): SqlCursor<T> =>
      this.#exec<T>(query, bindings),
  };

  /** Makes the n-th statement from now on fail, as a full disk or a kill would. */
  failAfter(statements: number | undefined): void {
    this.#statementsLeft = statements;
  }

  transactionSync<T>(closure: () => T): T {
    const savepoint = `depth_${this.#depth}`;
    this.#database.exec(`SAVEPOINT ${savepoint}`);
    this.#depth += 1;
    try {
      const value = closure();
      this.#database.exec(`RELEASE ${savepoint}`);
      return value;
    } catch (error) {
      this.#database.exec(`ROLLBACK TO ${savepoint}; RELEASE ${savepoint}`);
      throw error;
    } finally {
      this.#depth -= 1;
    }
  }

  tables(): string[] {
    const rows = this.#database
      .prepare("SELECT name FROM sqlite_master WHERE type = 'table'")
      .all();
    return rows.map((row) => String(row["name"]));
  }

  #exec<T extends SqlRow>(query: string, bindings: readonly SqlBinding[]): SqlCursor<T> {
    this.statements += 1;
    if (this.#statementsLeft !== undefined && --this.#statementsLeft <= 0)
      throw new SimulatedCrash();
    if (!/^\s*SELECT/i.test(query)) this.writes += 1;
    const last = query.lastIndexOf(";");
    if (last >= 0 && last < query.length - 1) {
      this.#database.exec(query);
      return cursor<T>([], 0);
    }
    const values = bindings.map((value) => {
      if (typeof value === "string") this.textCharsMax = Math.max(this.textCharsMax, value.length);
      if (value === null || typeof value !== "object") return value;
      this.blobBytesMax = Math.max(this.blobBytesMax, value.byteLength);
      return new Uint8Array(value);
    });
    const rows = this.#database.prepare(query).all(...values);
    return cursor(
      rows.map((row) => toRow<T>(row)),
      0,
    );
  }
}

/** What a storage that was told to fail throws. */
export class SimulatedCrash extends Error {
  override readonly message = "Cannot run the statement: the test asked for a crash";
}

function toRow<T extends SqlRow>(row: Record<string, unknown>): T {
  const entries = Object.entries(row).map(([name, value]) => [
    name,
    value instanceof Uint8Array ? value.slice().buffer : value,
  ]);
  return Object.fromEntries(entries) as T;
}

function cursor<T extends SqlRow>(rows: T[], rowsWritten: number): SqlCursor<T> {
  return {
    rowsWritten,
    toArray: () => rows,
    one: () => {
      const [row] = rows;
      if (row === undefined || rows.length > 1)
        throw new Error(`Wanted one row, got ${rows.length}`);
      return row;
    },
  };
}

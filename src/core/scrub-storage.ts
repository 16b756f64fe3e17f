/** What of a Durable Object's storage a scrub uses; Node's own SQLite can stand in for it. */
export type ScrubbedStorage = {
  readonly sql: {
    exec(query: string, ...bindings: (string | number)[]): { toArray(): Record<string, unknown>[] };
    /** Bytes that are in use, without the pages that are free. */
    readonly databaseSize?: number;
  };
  transactionSync<T>(work: () => T): T;
};

/** What is scrubbed, and how much of it there may be. */
export type Scrub = {
  /**
   * The tables that are built anew; all when absent. They may have no index of their own. Tables that
   * are left out may stand in pages that had held something else.
   */
  readonly tables?: readonly string[];
  /** Bytes that SQLite may have free. */
  readonly freeBytes: number;
  /** Called while tables stand beside their copies, which is when the file is largest. */
  readonly copied?: () => void;
  /** Lets requests have their turn. */
  nextTurn(): Promise<unknown>;
};

/**
 * Zeros of one row. Of a row this long SQLite keeps 4,061 bytes in the table's own page of 4,096, which
 * is the most it ever does, and the rest fills whole pages: so zeros cover a page as well as they can.
 */
const ROW_BYTES = 1_002_505;

/** Rows written in one turn, so that requests get theirs in between. */
const TURN_ROWS = 8;

/**
 * Turns at the least. SQLite's journal of pages begins anew after 4 MB, which the first turn makes it
 * do, and is written over by what follows.
 */
const TURNS_MIN = 2;

/** Written beyond what seems to be free, because a page is never filled quite. */
const MARGIN_BYTES = 1_000_000;

/**
 * Overwrites what SQLite still holds of rows that were deleted. It keeps their bytes in pages that are
 * free, until it needs them for something else, and in gaps of pages that are not. So the free ones
 * are filled with zeros, tables are built anew from those, and the pages that this gives free are
 * filled as well. Needs a table `scrub`, which is empty but for that time.
 */
export async function scrubStorage(storage: ScrubbedStorage, scrub: Scrub): Promise<void> {
  const { tables = tablesOf(storage), freeBytes } = scrub;
  const nextTurn = (): Promise<unknown> => scrub.nextTurn();
  await fillFreePages(storage, freeBytes, nextTurn);
  const held = tables.filter((table) => tablesOf(storage).includes(table));
  const usedBytes = (): number => storage.sql.databaseSize ?? 0;
  const givenFree = storage.transactionSync(() => {
    for (const table of held) copyTable(storage, table);
    scrub.copied?.();
    const before = usedBytes();
    // Only now, because the next copy would be made in the pages that this gives free.
    for (const table of held) storage.sql.exec(`DROP TABLE ${table}_before`);
    return before - usedBytes();
  });
  await scrubFreePages(storage, Math.max(freeBytes, givenFree), nextTurn);
}

/** Overwrites the pages that SQLite has free, and what its journal still holds of them. */
export async function scrubFreePages(
  storage: ScrubbedStorage,
  freeBytes: number,
  nextTurn: () => Promise<unknown>,
): Promise<void> {
  await fillFreePages(storage, Math.max(freeBytes, TURNS_MIN * TURN_ROWS * ROW_BYTES), nextTurn);
}

/**
 * Fills the pages that SQLite has free with zeros, which are dropped again: what is written next stands
 * in clean pages. What a kill leaves of the zeros is dropped by the next time.
 */
export async function fillFreePages(
  storage: ScrubbedStorage,
  freeBytes: number,
  nextTurn: () => Promise<unknown>,
): Promise<void> {
  // Whole ones only: what a smaller one writes may stay in the journal, and the pages as they were.
  const turns = Math.ceil((freeBytes + MARGIN_BYTES) / (ROW_BYTES * TURN_ROWS));
  for (let turn = 0; turn < turns; turn++) {
    storage.transactionSync(() => {
      for (let row = 0; row < TURN_ROWS; row++) {
        storage.sql.exec("INSERT INTO scrub (zeros) VALUES (zeroblob(?))", ROW_BYTES);
      }
    });
    await nextTurn();
  }
  storage.sql.exec("DELETE FROM scrub");
}

/**
 * Copies a table into pages of its own, beside what it was; its rows and numbers stay.
 *
 * @throws Error for a table with an index or a trigger of its own: that would be made in pages that
 *   the old table has just left.
 */
function copyTable({ sql }: ScrubbedStorage, table: string): void {
  const query = "SELECT sql FROM sqlite_master WHERE tbl_name = ? AND sql IS NOT NULL";
  const [made, ...others] = sql.exec(query, table).toArray();
  if (made === undefined || others.length > 0) {
    throw new Error(`Cannot copy ${table}: wanted a table without indexes and triggers`);
  }
  const numbers = sequenceOf(sql, table);
  sql.exec(`ALTER TABLE ${table} RENAME TO ${table}_before`);
  sql.exec(String(made["sql"]));
  sql.exec(`INSERT INTO ${table} SELECT * FROM ${table}_before`);
  // A number that was given once is not given again, although its row is gone.
  if (numbers === undefined) return;
  sql.exec("DELETE FROM sqlite_sequence WHERE name = ?", table);
  sql.exec("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", table, numbers);
}

/** Every table of ours: any of them may stand in a page that had held something else. */
function tablesOf({ sql }: ScrubbedStorage): readonly string[] {
  return sql
    .exec("SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'scrub'")
    .toArray()
    .map(({ name }) => String(name))
    .filter((name) => !/^(?:sqlite|_cf)_/.test(name));
}

/** The last number that an AUTOINCREMENT table gave; `undefined` for every other. */
function sequenceOf(sql: ScrubbedStorage["sql"], table: string): number | undefined {
  const query = "SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'";
  if (sql.exec(query).toArray().length === 0) return undefined;
  const [row] = sql.exec("SELECT seq FROM sqlite_sequence WHERE name = ?", table).toArray();
  return row === undefined ? undefined : Number(row["seq"]);
}

/** One step of an object's schema. Steps are only ever appended: an applied one never changes. */
export type Migration = {
  /** Sorts by age and says what it does, e.g. `0001-create-files`. */
  readonly id: string;
  readonly sql: string;
};

/** The part of an object's storage that holds its schema; Node's own SQLite can stand in for it. */
export type SchemaStorage = {
  transactionSync(work: () => void): void;
  readonly sql: {
    exec(query: string, ...bindings: (string | number)[]): { toArray(): readonly unknown[] };
  };
};

/** What the message of the error begins with when storage was written by newer code. */
export const NEWER_SCHEMA = "newer_schema";

/**
 * Brings the storage of an object up to `migrations`, all or nothing. Synchronous, so that a
 * constructor can call it before anything else runs.
 *
 * @returns whether the storage held nothing before: the object begins for the first time.
 * @throws Error beginning with `newer_schema` when storage holds every step of ours and more: the
 * code was rolled back, or an old isolate met a new one's storage. The object then answers 503.
 * @throws Error when what was applied is not a prefix of the list, which is a bug in the list.
 */
export function migrate(storage: SchemaStorage, migrations: readonly Migration[]): boolean {
  let isFirst = false;
  storage.transactionSync(() => {
    storage.sql.exec(
      `CREATE TABLE IF NOT EXISTS applied_migrations (
         position INTEGER PRIMARY KEY, -- 0 for the first step of the list
         id       TEXT NOT NULL        -- the step's id
       ) STRICT`,
    );
    const rows = storage.sql.exec("SELECT id FROM applied_migrations ORDER BY position").toArray();
    const applied = rows.map((row) => (row as { readonly id: string }).id);
    checkPrefix(applied, migrations);
    isFirst = applied.length === 0;
    for (const [position, { id, sql }] of migrations.entries()) {
      if (position < applied.length) continue;
      storage.sql.exec(sql);
      storage.sql.exec("INSERT INTO applied_migrations (position, id) VALUES (?, ?)", position, id);
    }
  });
  return isFirst;
}

function checkPrefix(applied: readonly string[], migrations: readonly Migration[]): void {
  for (const [position, { id }] of migrations.entries()) {
    const found = applied[position];
    if (found !== undefined && found !== id) {
      throw new Error(
        `Cannot migrate storage: applied migration "${found}" is not entry ${position} of the list, wanted "${id}"`,
      );
    }
  }
  if (applied.length > migrations.length) {
    throw new Error(
      `${NEWER_SCHEMA}: Cannot migrate storage: ${applied.length} migrations are applied, this code knows ${migrations.length}`,
    );
  }
}

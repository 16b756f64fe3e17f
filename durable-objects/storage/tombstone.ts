const TABLE = `CREATE TABLE IF NOT EXISTS tombstone (
  deleted_at_ms INTEGER NOT NULL -- one row
) STRICT`;

/** Leaves in an emptied Workspace the mark that nothing is ever written there again. */
export function setTombstone(sql: SqlStorage, nowMs: number): void {
  sql.exec(TABLE);
  const isSet = sql.exec("SELECT 1 FROM tombstone").toArray().length > 0;
  if (!isSet) sql.exec("INSERT INTO tombstone (deleted_at_ms) VALUES (?)", nowMs);
}

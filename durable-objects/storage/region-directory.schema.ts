import type { Migration } from "./migrate.ts";

/** Tables of a RegionDirectory. */
export const REGION_DIRECTORY_MIGRATIONS = [
  {
    id: "0001-create-directory",
    sql: `CREATE TABLE workspaces (
            id            TEXT PRIMARY KEY,   -- ws_…
            name          TEXT NOT NULL,
            created_at_ms INTEGER NOT NULL,
            is_created    INTEGER NOT NULL    -- 0 until the workspace's object has its region lock
          ) STRICT, WITHOUT ROWID;
          CREATE TABLE answers (
            key_hash      TEXT PRIMARY KEY,   -- of secret and Idempotency-Key, hex
            request_hash  TEXT NOT NULL,
            sealed        BLOB NOT NULL,      -- encrypted under a key only the caller has
            is_done       INTEGER NOT NULL,   -- 0 while the workspace is being made
            expires_at_ms INTEGER NOT NULL
          ) STRICT, WITHOUT ROWID;`,
  },
  {
    id: "0002-create-edges",
    sql: `CREATE TABLE edges (
            hour_ms INTEGER NOT NULL,         -- start of the hour
            colo    TEXT NOT NULL,            -- where requests came in, e.g. IAD
            outcome TEXT NOT NULL,            -- held, rejected
            count   INTEGER NOT NULL,
            PRIMARY KEY (hour_ms, colo, outcome)
          ) STRICT, WITHOUT ROWID;`,
  },
  {
    id: "0003-create-departed",
    sql: `CREATE TABLE departed (
            id             TEXT PRIMARY KEY,  -- ws_…
            departed_at_ms INTEGER NOT NULL,
            certificate    TEXT NOT NULL,     -- JSON: counts, hashes and ids of ours
            is_emptied     INTEGER NOT NULL   -- 0 until the workspace's object has nothing left
          ) STRICT, WITHOUT ROWID;`,
  },
] as const satisfies readonly Migration[];

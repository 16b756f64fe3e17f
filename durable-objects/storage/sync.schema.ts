import type { Migration } from "./migrate.ts";
import { SYNC_SPILL_SQL } from "./sync-spill-table.ts";
import { SYNC_STATE_SQL } from "./sync-state-table.ts";

/** Tables of a Sync. */
export const SYNC_MIGRATIONS = [
  {
    id: "0001-create-sync-runs",
    sql: `CREATE TABLE state (
            name  TEXT PRIMARY KEY,            -- seeds, contract, progress, watermark, next-run, …
            value TEXT NOT NULL
          ) STRICT, WITHOUT ROWID;
          CREATE TABLE runs (
            number INTEGER PRIMARY KEY,        -- from 1
            id     TEXT NOT NULL UNIQUE,       -- run_…
            state  TEXT NOT NULL,              -- queued, working, completed, failed, skipped
            ended_at_ms INTEGER,
            body   TEXT NOT NULL               -- JSON: the run; no value of any row
          ) STRICT;
          CREATE TABLE diff_files (
            ordinal    INTEGER PRIMARY KEY,
            key        TEXT NOT NULL,          -- in the region's bucket
            records    INTEGER NOT NULL,
            is_written INTEGER NOT NULL,       -- 0: listed, but nobody knows whether it stands there
            place      INTEGER NOT NULL,       -- records before it are decided
            decided    BLOB NOT NULL           -- of those after it, which are: a bit each
          ) STRICT;
          CREATE TABLE samples (
            id     INTEGER PRIMARY KEY,
            number INTEGER NOT NULL,           -- the run's
            kind   TEXT NOT NULL,              -- rejected, invalid, test
            at_ms  INTEGER NOT NULL,
            body   BLOB NOT NULL               -- deflated JSON: a record and what was said of it
          ) STRICT;
          CREATE TABLE log_parts (
            part INTEGER PRIMARY KEY,
            body BLOB NOT NULL                 -- deflated JSON: rows of the report not written out yet
          ) STRICT;
          CREATE TABLE evidence (
            kind TEXT NOT NULL,                -- host, refusal; told: until when the workspace knows
            key  TEXT NOT NULL,
            body TEXT NOT NULL,                -- JSON: totals
            PRIMARY KEY (kind, key)
          ) STRICT, WITHOUT ROWID;
          CREATE TABLE scrub (
            zeros BLOB NOT NULL                -- fills pages that held rows; empty but for that time
          ) STRICT;`,
  },
  { id: "0002-create-sync-state", sql: SYNC_STATE_SQL },
  { id: "0003-create-spilled-rows", sql: SYNC_SPILL_SQL },
  {
    id: "0004-create-repeats",
    sql: `CREATE TABLE repeats (
            key_hash     TEXT PRIMARY KEY,     -- SHA-256 of the caller's secret and Idempotency-Key
            request_hash TEXT NOT NULL,        -- of what was asked for, under a key that is not stored
            number       INTEGER NOT NULL,     -- of the run that it began
            at_ms        INTEGER NOT NULL
          ) STRICT, WITHOUT ROWID;`,
  },
] as const satisfies readonly Migration[];

import type { Migration } from "./migrate.ts";

/** Tables of an IngestQueue. The log's own `log_<n>` and `dedup_run_<n>` come and go by themselves. */
export const INGEST_QUEUE_MIGRATIONS = [
  {
    id: "0001-create-queue",
    sql: `CREATE TABLE state (
            name  TEXT PRIMARY KEY,        -- incarnation, fenced_below, shards_asked_at_bytes
            value TEXT NOT NULL
          ) STRICT;
          CREATE TABLE segments (
            id           INTEGER PRIMARY KEY,
            first_seq    INTEGER NOT NULL,
            last_seq     INTEGER,           -- null while open
            opened_at_ms INTEGER NOT NULL,
            packed       INTEGER NOT NULL   -- 1 once its fingerprints stand in a run
          ) STRICT;
          CREATE TABLE files (
            first_seq       INTEGER PRIMARY KEY,
            last_seq        INTEGER NOT NULL,
            key             TEXT NOT NULL,
            day_ms          INTEGER NOT NULL,  -- midnight UTC of the commit day
            events          INTEGER NOT NULL,
            raw_bytes       INTEGER NOT NULL,
            ndjson_sha256   TEXT NOT NULL,
            received_min_ms INTEGER NOT NULL,
            received_max_ms INTEGER NOT NULL,
            committed_min_ms INTEGER NOT NULL,
            committed_max_ms INTEGER NOT NULL,
            tried           TEXT NOT NULL,     -- JSON: locations a PUT may have reached
            state           TEXT NOT NULL      -- sealed, archived
          ) STRICT;
          CREATE TABLE counters (
            step  TEXT NOT NULL,               -- duplicate, refused
            code  TEXT NOT NULL,
            count INTEGER NOT NULL,
            PRIMARY KEY (step, code)
          ) STRICT, WITHOUT ROWID;`,
  },
  {
    id: "0002-create-evidence",
    sql: `CREATE TABLE evidence (
            kind TEXT NOT NULL,            -- host, refusal; told: until when the workspace knows
            key  TEXT NOT NULL,            -- e.g. s3.eu-west-1.amazonaws.com archive
            body TEXT NOT NULL,            -- JSON: totals
            PRIMARY KEY (kind, key)
          ) STRICT, WITHOUT ROWID;`,
  },
  {
    id: "0003-create-lanes",
    sql: `CREATE TABLE lanes (
            id         TEXT PRIMARY KEY,   -- dst_…, a destination that is on
            start_seq  INTEGER NOT NULL,   -- it gets the events after this one
            passed_seq INTEGER NOT NULL    -- it needs nothing up to here; about every 10,000 events
          ) STRICT, WITHOUT ROWID;`,
  },
  {
    id: "0004-create-scrub",
    sql: `CREATE TABLE scrub (
            zeros BLOB NOT NULL            -- fills free pages during a deletion; empty otherwise
          ) STRICT;`,
  },
] as const satisfies readonly Migration[];

import type { Migration } from "./migrate.ts";

export const ARCHIVE_MIGRATIONS = [
  {
    id: "0001-create-months-and-jobs",
    sql: `CREATE TABLE months (
            month        TEXT PRIMARY KEY, -- YYYY-MM, UTC: has an ArchiveMonth with files
            opened_at_ms INTEGER NOT NULL
          ) STRICT;
          CREATE TABLE jobs (
            position INTEGER PRIMARY KEY, -- in the order of starting
            id       TEXT NOT NULL,       -- job_…
            kind     TEXT NOT NULL,       -- rebuild
            state    TEXT NOT NULL,       -- running, done or failed
            job      TEXT NOT NULL        -- progress and position, JSON
          ) STRICT;`,
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
    id: "0003-create-turns",
    sql: `CREATE TABLE turns (
            position      INTEGER PRIMARY KEY, -- in the order of entering
            id            TEXT NOT NULL,       -- rpl_…, reg_…, job_…
            kind          TEXT NOT NULL,       -- deletion, replay, retention, rebuild, leaving
            state         TEXT NOT NULL,       -- running or waiting; at most one is running
            entered_at_ms INTEGER NOT NULL
          ) STRICT;`,
  },
  {
    id: "0004-create-rewrites",
    sql: `CREATE TABLE rewrites (
            regulation_id TEXT NOT NULL,       -- reg_…
            key           TEXT NOT NULL,       -- of the archive file
            after_sha256  TEXT NOT NULL,       -- of the NDJSON as the deletion wrote it, hex
            before_sha256 TEXT NOT NULL,       -- as the catalogue knew it before
            month         TEXT NOT NULL,       -- YYYY-MM
            removed       INTEGER NOT NULL,    -- events left out
            is_recorded   INTEGER NOT NULL,    -- 1 once the catalogue knows the file as it is now
            at_ms         INTEGER NOT NULL,
            PRIMARY KEY (regulation_id, key, after_sha256)
          ) STRICT, WITHOUT ROWID;
          CREATE TABLE spill (
            spool INTEGER NOT NULL,            -- one rewriting of one file
            part  INTEGER NOT NULL,
            bytes BLOB NOT NULL,               -- under a key that only the object's memory has
            tag   BLOB NOT NULL,               -- of AES-GCM
            PRIMARY KEY (spool, part)
          ) STRICT, WITHOUT ROWID;`,
  },
  {
    id: "0005-create-export-tries",
    sql: `CREATE TABLE export_tries (
            key      TEXT NOT NULL,            -- of a file of an export
            location TEXT NOT NULL,            -- where it was sent, with no answer yet
            PRIMARY KEY (key, location)
          ) STRICT, WITHOUT ROWID;`,
  },
] as const satisfies readonly Migration[];

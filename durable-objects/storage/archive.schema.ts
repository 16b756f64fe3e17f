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
] as const satisfies readonly Migration[];

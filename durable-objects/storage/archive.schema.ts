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
] as const satisfies readonly Migration[];

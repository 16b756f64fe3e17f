import type { Migration } from "./migrate.ts";
import { WORKSPACE_SYNC_MIGRATIONS } from "./workspace-syncs.schema.ts";

/** The end of the list of `workspace.schema.ts`. New steps are added here, behind all others. */
export const WORKSPACE_LATER_MIGRATIONS = [
  ...WORKSPACE_SYNC_MIGRATIONS,
  {
    id: "0030-create-journal",
    sql: `CREATE TABLE journal (
            number    INTEGER PRIMARY KEY,     -- of the entry, and the place of its regulation
            locations TEXT NOT NULL            -- JSON: where it is known to stand
          ) STRICT;
          CREATE TABLE scrub (
            zeros BLOB NOT NULL                -- fills pages that held ids; empty but for that time
          ) STRICT;`,
  },
  {
    id: "0031-create-subject-accesses",
    sql: `CREATE TABLE subject_accesses (
            position INTEGER PRIMARY KEY,      -- order of creation
            id       TEXT NOT NULL UNIQUE,     -- reg_…
            body     TEXT NOT NULL             -- JSON: whom it names, how far it is, its files
          ) STRICT;`,
  },
  {
    id: "0040-create-sync-webhook",
    sql: `CREATE TABLE sync_webhook (
            id        INTEGER PRIMARY KEY CHECK (id = 1),
            url       TEXT NOT NULL,
            hosts     TEXT NOT NULL,           -- JSON: hosts declared to be in the region
            events    TEXT,                    -- JSON: which are told; NULL: all
            secret    BLOB NOT NULL,           -- signs, sealed under the data key
            set_at_ms INTEGER NOT NULL
          ) STRICT;
          CREATE TABLE sync_notices (
            position   INTEGER PRIMARY KEY,
            id         TEXT NOT NULL UNIQUE,   -- of the run and what happened to it
            body       TEXT NOT NULL,          -- JSON: what is sent
            made_at_ms INTEGER NOT NULL,
            attempts   INTEGER NOT NULL,
            due_at_ms  INTEGER NOT NULL
          ) STRICT;`,
  },
  {
    id: "0050-create-soiled",
    sql: `CREATE TABLE soiled (
            id         INTEGER PRIMARY KEY CHECK (id = 1),
            times      INTEGER NOT NULL,       -- that ids were deleted since pages were overwritten
            peak_bytes INTEGER NOT NULL        -- the most that was in use
          ) STRICT;`,
  },
] as const satisfies readonly Migration[];

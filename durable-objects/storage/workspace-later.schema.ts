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
] as const satisfies readonly Migration[];

import type { Migration } from "./migrate.ts";

/** Tables of a Workspace for its syncs; part of the list of `workspace.schema.ts`. */
export const WORKSPACE_SYNC_MIGRATIONS = [
  {
    id: "0020-create-syncs",
    sql: `CREATE TABLE syncs (
            number     INTEGER PRIMARY KEY,    -- from 1; the id that Census's clients know
            id         TEXT NOT NULL UNIQUE,   -- syn_…
            is_deleted INTEGER NOT NULL,
            body       TEXT NOT NULL           -- JSON: source, destination, mappings, schedule, …
          ) STRICT;`,
  },
] as const satisfies readonly Migration[];

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
  {
    id: "0021-create-connections",
    sql: `CREATE TABLE connections (
            position   INTEGER PRIMARY KEY,    -- order of creation
            id         TEXT NOT NULL UNIQUE,   -- con_…
            is_deleted INTEGER NOT NULL,
            body       TEXT NOT NULL           -- JSON: settings without secrets, declared hosts
          ) STRICT;
          CREATE TABLE connection_secrets (
            connection_id TEXT NOT NULL,
            field         TEXT NOT NULL,
            sealed        BLOB NOT NULL,       -- under the data key, bound to this row
            PRIMARY KEY (connection_id, field)
          ) STRICT, WITHOUT ROWID;`,
  },
] as const satisfies readonly Migration[];

import type { Migration } from "./migrate.ts";

/** Tables of a Replay: those of a lane that a runner needs, and the files it goes through. */
export const REPLAY_MIGRATIONS = [
  {
    id: "0001-create-replay",
    sql: `CREATE TABLE state (
            name  TEXT PRIMARY KEY,            -- spec, state, position, cursor, files, …
            value TEXT NOT NULL
          ) STRICT, WITHOUT ROWID;
          CREATE TABLE files (
            first_seq INTEGER PRIMARY KEY,     -- the number of its first line, through all files
            body      TEXT NOT NULL,           -- JSON: key, location, where the catalogues stood
            is_done   INTEGER NOT NULL         -- 1: read to its end; kept while events of it wait
          ) STRICT;
          CREATE TABLE waiting (
            id        INTEGER PRIMARY KEY,
            due_at_ms INTEGER NOT NULL,        -- of all events in it
            events    INTEGER NOT NULL,
            bytes     INTEGER NOT NULL,
            entries   BLOB NOT NULL            -- events with their attempts so far
          ) STRICT;
          CREATE TABLE counts (
            at_ms       INTEGER NOT NULL,      -- start of the minute
            step        TEXT NOT NULL,         -- e.g. successful-delivery
            code        TEXT NOT NULL,
            count       INTEGER NOT NULL,
            retry_count INTEGER NOT NULL,
            latency     TEXT NOT NULL,
            PRIMARY KEY (at_ms, step, code)
          ) STRICT, WITHOUT ROWID;
          CREATE TABLE evidence (
            kind TEXT NOT NULL,                -- host, refusal; told: until when the workspace knows
            key  TEXT NOT NULL,                -- e.g. api.eu.amplitude.com delivery
            body TEXT NOT NULL,                -- JSON: totals
            PRIMARY KEY (kind, key)
          ) STRICT, WITHOUT ROWID;`,
  },
  {
    id: "0002-create-scrub",
    sql: `CREATE TABLE scrub (
            zeros BLOB NOT NULL                -- fills pages that held events; empty but for that time
          ) STRICT;`,
  },
] as const satisfies readonly Migration[];

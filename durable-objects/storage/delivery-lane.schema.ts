import type { Migration } from "./migrate.ts";

/** Tables of a DeliveryLane. There is no row per event: chunks of events wait, and positions move. */
export const DELIVERY_LANE_MIGRATIONS = [
  {
    id: "0001-create-lane",
    sql: `CREATE TABLE state (
            name  TEXT PRIMARY KEY,            -- incarnation, position, last_error
            value TEXT NOT NULL
          ) STRICT, WITHOUT ROWID;
          CREATE TABLE waiting (
            id        INTEGER PRIMARY KEY,
            due_at_ms INTEGER NOT NULL,        -- of all events in it
            events    INTEGER NOT NULL,
            bytes     INTEGER NOT NULL,
            entries   BLOB NOT NULL            -- events with their attempts so far
          ) STRICT;
          CREATE TABLE dead (
            id      INTEGER PRIMARY KEY AUTOINCREMENT,
            at_ms   INTEGER NOT NULL,
            code    TEXT NOT NULL,
            events  INTEGER NOT NULL,
            bytes   INTEGER NOT NULL,
            file    TEXT,                      -- key of the file that it is being put into
            entries BLOB NOT NULL              -- events with their attempts
          ) STRICT;
          CREATE TABLE dead_files (
            key         TEXT PRIMARY KEY,
            code        TEXT NOT NULL,         -- of all letters in it
            events      INTEGER NOT NULL,
            first_at_ms INTEGER NOT NULL,      -- when the first of them was given up
            last_at_ms  INTEGER NOT NULL,
            tried       TEXT NOT NULL,         -- JSON: locations a PUT may have reached
            location    TEXT,                  -- where it stands; null until then
            state       TEXT NOT NULL,         -- sealed, stored, redriving, redriven
            users       BLOB NOT NULL          -- filter of the users inside
          ) STRICT, WITHOUT ROWID;
          CREATE TABLE counts (
            at_ms       INTEGER NOT NULL,      -- start of the minute
            step        TEXT NOT NULL,         -- e.g. successful-delivery
            code        TEXT NOT NULL,
            count       INTEGER NOT NULL,
            retry_count INTEGER NOT NULL,
            latency     TEXT NOT NULL,         -- JSON: events by step of latency
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
  {
    // When a PUT was sent last of which it is not known whether it has landed, or may land yet.
    id: "0003-note-doubt",
    sql: `ALTER TABLE dead_files ADD COLUMN in_doubt_at_ms INTEGER;`,
  },
] as const satisfies readonly Migration[];

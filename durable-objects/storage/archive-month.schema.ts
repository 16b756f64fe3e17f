import type { Migration } from "./migrate.ts";

export const ARCHIVE_MONTH_MIGRATIONS = [
  {
    id: "0001-create-files-and-filters",
    sql: `CREATE TABLE files (
            id                   INTEGER PRIMARY KEY,  -- in the order of recording
            key                  TEXT NOT NULL UNIQUE, -- segment-logs/…/….gz
            location             TEXT NOT NULL,        -- whose bucket holds it, e.g. eu-west-1
            events               INTEGER NOT NULL,     -- lines
            raw_bytes            INTEGER NOT NULL,     -- of the NDJSON
            gzip_bytes           INTEGER NOT NULL,     -- of the object
            ndjson_sha256        TEXT NOT NULL,        -- hex
            first_received_at_ms INTEGER NOT NULL,     -- of the events inside, epoch ms
            last_received_at_ms  INTEGER NOT NULL,
            written_by           TEXT NOT NULL         -- homeport or segment
          ) STRICT;
          CREATE INDEX files_received ON files (first_received_at_ms, key);
          CREATE TABLE filters (
            file_id INTEGER NOT NULL, -- files.id
            part    INTEGER NOT NULL, -- 0 for the first bytes; a row holds 1 MB at most
            bytes   BLOB NOT NULL,    -- of the filter of keyed user hashes
            PRIMARY KEY (file_id, part)
          ) STRICT;`,
  },
  {
    id: "0002-create-suspects",
    sql: `CREATE TABLE suspects (
            key           TEXT NOT NULL,    -- of a file that the catalogue holds elsewhere
            location      TEXT NOT NULL,    -- where a second copy may stand, e.g. eu-west-1
            ndjson_sha256 TEXT NOT NULL,    -- hex; what our copy would say of itself
            noted_at_ms   INTEGER NOT NULL,
            check_at_ms   INTEGER NOT NULL, -- not before: until then a PUT may still land
            error         TEXT NOT NULL,    -- a code, empty before the first check
            PRIMARY KEY (key, location)
          ) STRICT, WITHOUT ROWID;
          CREATE INDEX suspects_due ON suspects (location, check_at_ms);`,
  },
  {
    id: "0003-create-evidence",
    sql: `CREATE TABLE evidence (
            kind TEXT NOT NULL,            -- host, refusal; told: until when the workspace knows
            key  TEXT NOT NULL,            -- e.g. s3.eu-west-1.amazonaws.com archive
            body TEXT NOT NULL,            -- JSON: totals
            PRIMARY KEY (kind, key)
          ) STRICT, WITHOUT ROWID;`,
  },
  {
    id: "0004-add-own-bucket",
    sql: `-- Which of the customer's buckets holds the file, e.g. own-1; empty: the platform's.
          ALTER TABLE files ADD COLUMN own_bucket TEXT NOT NULL DEFAULT '';`,
  },
  {
    id: "0005-add-original-sha256",
    sql: `-- What ndjson_sha256 was before a deletion rewrote the file; null: none did.
          ALTER TABLE files ADD COLUMN original_sha256 TEXT;`,
  },
  {
    id: "0006-create-scrub",
    sql: `CREATE TABLE scrub (
            zeros BLOB NOT NULL            -- fills pages that held filters; empty but for that time
          ) STRICT;`,
  },
] as const satisfies readonly Migration[];

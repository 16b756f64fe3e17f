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
] as const satisfies readonly Migration[];

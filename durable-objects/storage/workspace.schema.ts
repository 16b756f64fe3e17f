import type { Migration } from "./migrate.ts";
import { WORKSPACE_LATER_MIGRATIONS } from "./workspace-later.schema.ts";

/** Tables of a Workspace. The trigger holds the region lock even against a mistake of ours. */
export const WORKSPACE_MIGRATIONS = [
  {
    id: "0001-create-workspace",
    sql: `CREATE TABLE workspace (
            id             TEXT PRIMARY KEY,  -- ws_…, one row
            name           TEXT NOT NULL,
            region         TEXT NOT NULL,     -- eu, us; written once
            created_at_ms  INTEGER NOT NULL,
            directory_name TEXT NOT NULL      -- the name the directory was last told
          ) STRICT;
          CREATE TRIGGER workspace_region_locked BEFORE UPDATE OF id, region ON workspace
            BEGIN SELECT RAISE(ABORT, 'region_locked'); END;
          CREATE TRIGGER workspace_kept BEFORE DELETE ON workspace
            BEGIN SELECT RAISE(ABORT, 'region_locked'); END;
          CREATE TABLE invites (
            sha256         TEXT PRIMARY KEY,  -- of the invite's text, hex
            expires_at_ms  INTEGER NOT NULL,
            redeemed_at_ms INTEGER
          ) STRICT, WITHOUT ROWID;
          CREATE TABLE tokens (
            id              TEXT PRIMARY KEY, -- tok_…
            name            TEXT NOT NULL,
            sha256          TEXT NOT NULL,    -- of the token's text, hex
            rights          TEXT NOT NULL,    -- JSON list
            created_at_ms   INTEGER NOT NULL,
            expires_at_ms   INTEGER,
            last_used_at_ms INTEGER           -- to the hour
          ) STRICT, WITHOUT ROWID;
          CREATE TABLE sources (
            position   INTEGER PRIMARY KEY,   -- order of creation
            id         TEXT NOT NULL UNIQUE,  -- src_…
            is_deleted INTEGER NOT NULL,
            is_fencing INTEGER NOT NULL,      -- 1 while its route waits for fences
            body       TEXT NOT NULL          -- JSON: settings, route epochs, key versions
          ) STRICT;
          CREATE TABLE queues (
            source_id     TEXT NOT NULL,
            ingest_region TEXT NOT NULL,
            shard         INTEGER NOT NULL,
            holds_events  INTEGER NOT NULL,   -- 1 from its first event until it says it is empty
            fenced_epoch  INTEGER NOT NULL,   -- every epoch below is fenced there
            PRIMARY KEY (source_id, ingest_region, shard)
          ) STRICT, WITHOUT ROWID;
          CREATE TABLE audit (
            seq      INTEGER PRIMARY KEY,
            at_ms    INTEGER NOT NULL,
            actor    TEXT NOT NULL,           -- tok_…, operator or invite
            action   TEXT NOT NULL,
            subject  TEXT NOT NULL,           -- an id
            fields   TEXT NOT NULL,           -- JSON list of names
            previous TEXT NOT NULL,           -- hash of the entry before
            hash     TEXT NOT NULL
          ) STRICT;
          CREATE TRIGGER audit_append_only BEFORE UPDATE ON audit
            BEGIN SELECT RAISE(ABORT, 'audit_append_only'); END;
          CREATE TRIGGER audit_kept BEFORE DELETE ON audit
            BEGIN SELECT RAISE(ABORT, 'audit_append_only'); END;
          CREATE TABLE answers (
            key_hash      TEXT PRIMARY KEY,   -- of secret and Idempotency-Key, hex
            request_hash  TEXT NOT NULL,
            sealed        BLOB NOT NULL,      -- encrypted under a key only the caller has
            is_done       INTEGER NOT NULL,
            expires_at_ms INTEGER NOT NULL
          ) STRICT, WITHOUT ROWID;`,
  },
  {
    id: "0002-create-audit-heads",
    sql: `CREATE TABLE audit_keys (
            public_key    TEXT PRIMARY KEY,   -- Ed25519, base64url; one row
            private_key   TEXT NOT NULL,      -- PKCS #8, base64url; leaves this object never
            created_at_ms INTEGER NOT NULL
          ) STRICT, WITHOUT ROWID;
          CREATE TABLE audit_heads (
            day       TEXT PRIMARY KEY,       -- of the signature, UTC
            seq       INTEGER NOT NULL,       -- of the last entry then
            hash      TEXT NOT NULL,          -- that entry's
            at_ms     INTEGER NOT NULL,       -- when it was signed
            signature TEXT NOT NULL,          -- base64url
            location  TEXT                    -- where its file stands; null until it is written
          ) STRICT, WITHOUT ROWID;
          CREATE TRIGGER audit_keys_kept BEFORE UPDATE ON audit_keys
            BEGIN SELECT RAISE(ABORT, 'audit_append_only'); END;
          CREATE TRIGGER audit_heads_kept BEFORE UPDATE OF day, seq, hash, at_ms, signature
            ON audit_heads
            BEGIN SELECT RAISE(ABORT, 'audit_append_only'); END;`,
  },
  {
    id: "0003-create-evidence",
    sql: `CREATE TABLE evidence (
            kind TEXT NOT NULL,               -- host, refusal: seen by this object itself; told
            key  TEXT NOT NULL,               -- e.g. s3.eu-west-1.amazonaws.com archive
            body TEXT NOT NULL,               -- JSON: totals
            PRIMARY KEY (kind, key)
          ) STRICT, WITHOUT ROWID;
          CREATE TABLE evidence_objects (
            object      TEXT PRIMARY KEY,     -- its name, e.g. queue:src_…:eu1:0
            kind        TEXT NOT NULL,
            standing    TEXT NOT NULL,        -- jurisdiction:eu, hint:apac, simulated:eu
            first_at_ms INTEGER NOT NULL,
            last_at_ms  INTEGER NOT NULL
          ) STRICT, WITHOUT ROWID;
          CREATE TABLE evidence_hosts (
            object         TEXT NOT NULL,
            host           TEXT NOT NULL,
            purpose        TEXT NOT NULL,
            level          TEXT NOT NULL,     -- how it is known that the host is in the region
            requests       INTEGER NOT NULL,  -- totals since the object began
            bytes_sent     INTEGER NOT NULL,
            bytes_received INTEGER NOT NULL,
            first_at_ms    INTEGER NOT NULL,
            last_at_ms     INTEGER NOT NULL,
            PRIMARY KEY (object, host, purpose)
          ) STRICT, WITHOUT ROWID;
          CREATE TABLE evidence_refusals (
            hour_ms INTEGER NOT NULL,         -- start of the hour
            object  TEXT NOT NULL,
            host    TEXT NOT NULL,
            purpose TEXT NOT NULL,
            reason  TEXT NOT NULL,
            count   INTEGER NOT NULL,         -- total of that hour
            PRIMARY KEY (hour_ms, object, host, purpose, reason)
          ) STRICT, WITHOUT ROWID;
          CREATE TABLE evidence_edges (
            hour_ms INTEGER NOT NULL,
            object  TEXT NOT NULL,            -- which one counted
            colo    TEXT NOT NULL,            -- where requests came in, e.g. DUB
            outcome TEXT NOT NULL,            -- accepted, transit, held, rejected
            count   INTEGER NOT NULL,
            PRIMARY KEY (hour_ms, object, colo, outcome)
          ) STRICT, WITHOUT ROWID;`,
  },
  {
    id: "0004-add-edge-settings",
    // strict or transit, and hold or reject; null for the home's default.
    sql: `ALTER TABLE workspace ADD COLUMN edge_policy TEXT;
          ALTER TABLE workspace ADD COLUMN edge_answer TEXT;`,
  },
  {
    id: "0005-index-audit-heads-waiting",
    // Cron looks each minute for heads without a file: without it, it would read those of all days.
    sql: `CREATE INDEX audit_heads_waiting ON audit_heads (day) WHERE location IS NULL;`,
  },
  {
    id: "0006-create-destinations",
    sql: `CREATE TABLE destinations (
            position   INTEGER PRIMARY KEY,   -- order of creation
            id         TEXT NOT NULL UNIQUE,  -- dst_…
            source_id  TEXT NOT NULL,
            is_deleted INTEGER NOT NULL,
            is_enabled INTEGER NOT NULL,
            body       TEXT NOT NULL          -- JSON: settings without secrets, filters, mappings
          ) STRICT;
          CREATE TABLE destination_secrets (
            destination_id TEXT NOT NULL,
            field          TEXT NOT NULL,
            sealed         BLOB NOT NULL,     -- under the data key, bound to this row
            PRIMARY KEY (destination_id, field)
          ) STRICT, WITHOUT ROWID;
          CREATE TABLE data_keys (
            id      INTEGER PRIMARY KEY,      -- 1: one row
            wrapped BLOB NOT NULL             -- by a secret of the deployment, whose number it begins with
          ) STRICT;
          CREATE TABLE lanes (
            lane           TEXT PRIMARY KEY,  -- its name
            destination_id TEXT NOT NULL,
            at_ms          INTEGER NOT NULL,  -- when it told last
            status         TEXT NOT NULL      -- JSON: position, what waits, alert
          ) STRICT, WITHOUT ROWID;
          CREATE TABLE delivery_minutes (
            lane           TEXT NOT NULL,
            at_ms          INTEGER NOT NULL,  -- start of the minute
            step           TEXT NOT NULL,     -- e.g. successful-delivery
            code           TEXT NOT NULL,     -- a status, or Segment's code
            destination_id TEXT NOT NULL,
            source_id      TEXT NOT NULL,
            count          INTEGER NOT NULL,
            retry_count    INTEGER NOT NULL,
            latency        TEXT NOT NULL,     -- JSON: events by step of latency
            PRIMARY KEY (lane, at_ms, step, code)
          ) STRICT, WITHOUT ROWID;
          CREATE TABLE delivery_hours (
            lane           TEXT NOT NULL,
            at_ms          INTEGER NOT NULL,  -- start of the hour
            step           TEXT NOT NULL,
            code           TEXT NOT NULL,
            destination_id TEXT NOT NULL,
            source_id      TEXT NOT NULL,
            count          INTEGER NOT NULL,
            retry_count    INTEGER NOT NULL,
            latency        TEXT NOT NULL,
            PRIMARY KEY (lane, at_ms, step, code)
          ) STRICT, WITHOUT ROWID;`,
  },
  {
    id: "0007-create-regulations",
    sql: `CREATE TABLE regulations (
            position       INTEGER PRIMARY KEY, -- order of creation
            id             TEXT NOT NULL UNIQUE, -- reg_…
            source_id      TEXT NOT NULL,     -- src_…, or empty for all sources
            type           TEXT NOT NULL,     -- e.g. SUPPRESS_ONLY
            subject_type   TEXT NOT NULL,     -- USER_ID or ANONYMOUS_ID
            subjects       INTEGER NOT NULL,  -- how many ids it names
            status         TEXT NOT NULL,     -- INITIALIZED, RUNNING, FINISHED, …
            created_at_ms  INTEGER NOT NULL,
            finished_at_ms INTEGER,
            progress       TEXT NOT NULL      -- JSON: step, units that are over, counts; names nobody
          ) STRICT;
          CREATE TABLE regulation_subjects (
            regulation_id TEXT NOT NULL,
            subject_id    TEXT NOT NULL,      -- a userId or an anonymousId; cleared after 90 days
            PRIMARY KEY (regulation_id, subject_id)
          ) STRICT, WITHOUT ROWID;
          CREATE TABLE suppressions (
            position      INTEGER PRIMARY KEY,
            subject_type  TEXT NOT NULL,
            subject_id    TEXT NOT NULL,
            source_id     TEXT NOT NULL,      -- src_…, or empty for all sources
            created_at_ms INTEGER NOT NULL,
            UNIQUE (subject_type, subject_id, source_id)
          ) STRICT;
          CREATE TABLE suppression_versions (
            id      INTEGER PRIMARY KEY,      -- 1: one row
            version INTEGER NOT NULL          -- of all suppressions; counts up with each change
          ) STRICT;`,
  },
  {
    id: "0008-create-replays",
    sql: `CREATE TABLE replays (
            position       INTEGER PRIMARY KEY, -- order of creation
            id             TEXT NOT NULL UNIQUE, -- rpl_…
            source_id      TEXT NOT NULL,
            destination_id TEXT NOT NULL,
            body           TEXT NOT NULL        -- JSON: range, types, names, rate
          ) STRICT;`,
  },
  {
    id: "0009-create-alerts",
    sql: `CREATE TABLE alert_webhook (
            id       INTEGER PRIMARY KEY,     -- 1: one row
            url      TEXT NOT NULL,
            hosts    TEXT NOT NULL,           -- JSON: hosts that the workspace declares to be in its region
            codes    TEXT,                    -- JSON: codes that are told; null for all
            secret   BLOB NOT NULL,           -- signs notices; under the data key, bound to this row
            set_at_ms INTEGER NOT NULL
          ) STRICT;
          CREATE TABLE alert_states (
            code       TEXT NOT NULL,
            subject    TEXT NOT NULL,         -- an id of ours, or empty
            since_ms   INTEGER NOT NULL,
            seen_at_ms INTEGER NOT NULL,      -- when it was first seen
            gone_at_ms INTEGER,               -- since when it is not seen any more
            is_told    INTEGER NOT NULL,
            PRIMARY KEY (code, subject)
          ) STRICT, WITHOUT ROWID;
          CREATE TABLE alert_notices (
            position   INTEGER PRIMARY KEY,   -- in which order they are sent
            id         TEXT NOT NULL UNIQUE,  -- ntc_…, the same on each attempt
            body       TEXT NOT NULL,         -- JSON: what is sent
            made_at_ms INTEGER NOT NULL,
            attempts   INTEGER NOT NULL,
            due_at_ms  INTEGER NOT NULL
          ) STRICT;
          CREATE TABLE alerts_raised (
            code     TEXT NOT NULL,
            raiser   TEXT NOT NULL,           -- the name of the object, or the id, that raised it
            subject  TEXT NOT NULL,           -- an id of ours
            since_ms INTEGER NOT NULL,
            PRIMARY KEY (code, raiser)
          ) STRICT, WITHOUT ROWID;
          ALTER TABLE queues ADD COLUMN drained_at_ms INTEGER;`,
  },
  {
    id: "0010-create-leavings",
    sql: `CREATE TABLE leavings (
            subject       TEXT PRIMARY KEY,   -- src_…, or ws_…: this workspace
            id            TEXT NOT NULL,      -- job_…
            state         TEXT NOT NULL,      -- grace, waiting, erasing, done
            asked_at_ms   INTEGER NOT NULL,
            deletes_at_ms INTEGER NOT NULL,
            progress      TEXT NOT NULL,      -- JSON: step, units that are over, counts
            certificate   TEXT                -- JSON; null before the end
          ) STRICT, WITHOUT ROWID;`,
  },
  {
    id: "0011-create-regulation-links",
    sql: `CREATE TABLE regulation_links (
            regulation_id TEXT NOT NULL,
            anonymous_id  TEXT NOT NULL,      -- stood beside a user of the request; cleared after 90 days
            PRIMARY KEY (regulation_id, anonymous_id)
          ) STRICT, WITHOUT ROWID;
          ALTER TABLE regulations ADD COLUMN is_linked INTEGER NOT NULL DEFAULT 0;
          ALTER TABLE regulations ADD COLUMN commitment TEXT;`,
  },
  ...WORKSPACE_LATER_MIGRATIONS,
] as const satisfies readonly Migration[];

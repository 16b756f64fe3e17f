import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";

import { homeBucketName } from "../../../scripts/local-aws/options.ts";
import { readBucket, type ReadFile } from "../../support/read-bucket.ts";
import { openSyncWorld, type SyncWorld } from "../../support/sync/sync-world.ts";

const ROWS = 12_000;

describe("a sync from a table to another", () => {
  let world: SyncWorld;

  beforeAll(async () => {
    world = await openSyncWorld();
  });

  afterAll(() => world.stop());

  beforeEach(async () => {
    const { sql } = world;
    await sql`DROP TABLE IF EXISTS people, copies`;
    await sql`CREATE TABLE people (id bigint, email text, plan text, unmapped text)`;
    await sql`CREATE TABLE copies (id bigint PRIMARY KEY, email text, plan text)`;
    await sql`INSERT INTO people SELECT n, 'p' || n || '@example.com', 'plan ' || n % 7, 'x'
              FROM generate_series(1, ${ROWS}) n`;
  });

  /** How many rows the two tables do not share. */
  async function differences(): Promise<number> {
    const [found] = await world.sql<{ n: number }[]>`
      SELECT count(*)::int AS n FROM (
        (SELECT id, email, plan FROM people EXCEPT SELECT id, email, plan FROM copies) UNION ALL
        (SELECT id, email, plan FROM copies EXCEPT SELECT id, email, plan FROM people)) d`;
    return found?.n ?? -1;
  }

  async function bucketFiles(): Promise<readonly ReadFile[]> {
    const location = "eu-west-1";
    const { endpoints, credentials } = world.stack.aws;
    const access = { endpoint: endpoints[location], location, credentials: credentials.eu };
    return readBucket(access, homeBucketName(location), "homeport-sync");
  }

  it("sends all rows first, then only what changed", async () => {
    const { sql } = world;
    const sync = await world.makeSync({});
    const first = await world.run(sync);
    await sql`UPDATE people SET plan = 'new' WHERE id % 4000 = 0`;
    await sql`UPDATE people SET unmapped = 'other'`;
    const second = await world.run(sync);
    const third = await world.run(sync);

    expect(first).toMatchObject({ state: "completed", fullSync: "first_run", error: null });
    expect(first.counts).toMatchObject({ inserts: ROWS, accepted: ROWS, rejected: 0 });
    expect(second.counts).toMatchObject({ inserts: 0, updates: 3, accepted: 3 });
    expect(third.counts).toMatchObject({ inserts: 0, updates: 0, deletes: 0, accepted: 0 });
    expect(await differences()).toBe(0);
  });

  it("takes away what is gone, as a mirror", async () => {
    const { sql } = world;
    const sync = await world.makeSync({ behaviour: "mirror" });
    await world.run(sync);
    await sql`DELETE FROM people WHERE id <= 50`;
    const second = await world.run(sync);

    expect(second.counts).toMatchObject({ deletes: 50, accepted: 50 });
    expect(await differences()).toBe(0);
  });

  it("stops before it deletes more than anybody would expect, unless somebody allows it", async () => {
    const { sql } = world;
    const sync = await world.makeSync({ behaviour: "mirror" });
    await world.run(sync);
    await sql`DELETE FROM people WHERE id > 10`;
    const stopped = await world.run(sync);
    const kept = await sql`SELECT 1 FROM copies`;
    const allowed = await world.run(sync, { allowDeletes: true });

    expect(stopped).toMatchObject({ state: "failed", error: { code: "delete_guard" } });
    expect(kept.length).toBe(ROWS);
    expect(allowed.counts).toMatchObject({ deletes: ROWS - 10, accepted: ROWS - 10 });
    expect(await differences()).toBe(0);
  });

  it("sends no row without a key or with another's, and says so", async () => {
    const { sql } = world;
    await sql`INSERT INTO people VALUES (NULL, 'a', 'b'), (7, 'again', 'c')`;
    const sync = await world.makeSync({});
    const first = await world.run(sync);
    const { data } = await world.api("POST", `/api/v1/syncs/${sync}/runs/1/records`, {
      kind: "invalid",
    });

    expect(first.counts).toMatchObject({ accepted: ROWS - 1, invalid: 3 });
    expect((data as { status: string }[]).map(({ status }) => status).toSorted()).toEqual([
      "DUPLICATE",
      "DUPLICATE",
      "NULL",
    ]);
  });

  it("goes on past a record that is refused, and brings it again until it is taken", async () => {
    const { sql } = world;
    await sql`ALTER TABLE copies ADD CHECK (plan <> 'forbidden')`;
    await sql`UPDATE people SET plan = 'forbidden' WHERE id IN (5, 1500)`;
    const sync = await world.makeSync({});
    const first = await world.run(sync);
    await sql`UPDATE people SET plan = 'fine' WHERE id = 5`;
    const second = await world.run(sync);

    expect(first.counts).toMatchObject({ accepted: ROWS - 2, rejected: 2 });
    expect(second.counts).toMatchObject({ inserts: 2, accepted: 1, rejected: 1 });
  });

  it("says in a dry run what it would do, and does nothing", async () => {
    const { sql } = world;
    await sql`INSERT INTO copies VALUES (-1, 'there', 'before')`;
    const sync = await world.makeSync({});
    const dry = await world.run(sync, { kind: "dry_run" });
    const copies = await sql`SELECT 1 FROM copies`;

    expect(dry["dryRun"]).toEqual({
      source: { total: ROWS, changed: ROWS, invalid: 0 },
      destination: { before: 1, after: ROWS + 1, creates: ROWS, updates: 0, deletes: 0 },
    });
    expect([dry.state, copies.length]).toEqual(["completed", 1]);
    expect((await world.run(sync)).counts).toMatchObject({ inserts: ROWS });
  });

  it("sends one record as a test, and shows what was sent", async () => {
    const sync = await world.makeSync({});
    const tested = await world.run(sync, { kind: "test" });
    const copies = await world.sql`SELECT 1 FROM copies`;
    const path = `/api/v1/syncs/${sync}/runs/${tested.id}/records`;
    const { data } = await world.api("POST", path, { kind: "test" });

    expect([tested.state, copies.length]).toEqual(["completed", 1]);
    expect(data).toMatchObject([{ status: "succeeded", operation: "upsert" }]);
  });

  it("sends chosen keys again, and everything when it is asked to", async () => {
    const sync = await world.makeSync({});
    await world.run(sync);
    await world.sql`DELETE FROM copies`;
    const chosen = await world.run(sync, { keys: [["7"], ["8"], ["999999"]] });
    const copies = await world.sql`SELECT id::int FROM copies ORDER BY id`;
    const full = await world.run(sync, { full: true });

    expect(chosen.counts).toMatchObject({ accepted: 2 });
    expect(copies.map(({ id }) => id as number)).toEqual([7, 8]);
    expect(full).toMatchObject({ fullSync: "requested", counts: { accepted: ROWS } });
    expect(await differences()).toBe(0);
  });

  it("leaves values that are there where the mapping says so, and what a record does not have", async () => {
    const { sql } = world;
    await sql`DELETE FROM people WHERE id > 2`;
    await sql`UPDATE people SET email = NULL WHERE id = 2`;
    await sql`INSERT INTO copies VALUES (1, 'kept', NULL), (2, 'kept too', NULL)`;
    const sync = await world.makeSync({
      mappings: [
        { to: "id", from: { type: "column", column: "id" }, isIdentifier: true },
        { to: "email", from: { type: "column", column: "email" }, preserveValues: true },
        { to: "plan", from: { type: "column", column: "plan" }, syncNullValues: false },
      ],
    });
    await world.run(sync);
    await sql`UPDATE people SET plan = NULL WHERE id = 1`;
    await world.run(sync);
    const copies = await sql`SELECT email, plan FROM copies ORDER BY id`;

    expect(copies.map((row) => ({ ...row }))).toEqual([
      { email: "kept", plan: "plan 1" },
      { email: "kept too", plan: "plan 2" },
    ]);
  });

  it("appends what is new behind its watermark, each row once", async () => {
    const { sql } = world;
    await sql`CREATE TABLE IF NOT EXISTS events (id text PRIMARY KEY, email text, at timestamptz)`;
    await sql`TRUNCATE events`;
    await sql`INSERT INTO events SELECT 'e' || n, 'x', '2026-01-01'::timestamptz + n * interval '1 s'
              FROM generate_series(1, 100) n`;
    await sql`DROP TABLE copies`;
    await sql`CREATE TABLE copies (id text, email text, plan text)`;
    const sync = await world.makeSync({
      source: {
        connectionId: world.connectionId,
        model: { kind: "table", schema: "public", name: "events" },
      },
      behaviour: "append",
      mappings: [
        { to: "id", from: { type: "column", column: "id" }, isIdentifier: true },
        { to: "email", from: { type: "column", column: "email" } },
      ],
      watermark: { column: "at", first: "skip_current_records" },
    });
    const first = await world.run(sync);
    await sql`INSERT INTO events SELECT 'n' || n, 'y', '2026-02-01'::timestamptz FROM generate_series(1, 5) n`;
    const second = await world.run(sync);
    await sql`INSERT INTO events VALUES ('n6', 'y', '2026-02-01'), ('old', 'y', '2026-01-01')`;
    const third = await world.run(sync);

    expect([first, second, third].map(({ counts }) => counts["accepted"])).toEqual([0, 5, 1]);
  });

  it("does not append what it had skipped when the newest of it is deleted", async () => {
    const { sql } = world;
    await sql`CREATE TABLE skipped (id bigint PRIMARY KEY, email text, at int)`;
    await sql`INSERT INTO skipped SELECT n, 'x', n FROM generate_series(1, 100) n`;
    const sync = await world.makeSync({
      source: {
        connectionId: world.connectionId,
        model: { kind: "table", schema: "public", name: "skipped" },
      },
      behaviour: "append",
      mappings: [
        { to: "id", from: { type: "column", column: "id" }, isIdentifier: true },
        { to: "email", from: { type: "column", column: "email" } },
      ],
      watermark: { column: "at", first: "skip_current_records" },
    });
    const first = await world.run(sync);
    await sql`DELETE FROM skipped WHERE at = 100`;
    const second = await world.run(sync);
    await sql`INSERT INTO skipped VALUES (101, 'y', 101)`;
    const third = await world.run(sync);

    expect([first, second, third].map(({ counts }) => counts["accepted"])).toEqual([0, 0, 1]);
  });

  it("appends behind another column that is made its watermark, each row once", async () => {
    const { sql } = world;
    await sql`CREATE TABLE moved (id bigint PRIMARY KEY, email text, at timestamptz, n int)`;
    await sql`INSERT INTO moved VALUES (201, 'x', '2026-01-01', 1)`;
    const model = { kind: "table", schema: "public", name: "moved" };
    const sync = await world.makeSync({
      source: { connectionId: world.connectionId, model },
      behaviour: "append",
      mappings: [
        { to: "id", from: { type: "column", column: "id" }, isIdentifier: true },
        { to: "email", from: { type: "column", column: "email" } },
      ],
      watermark: { column: "at" },
    });
    const first = await world.run(sync);
    await world.api("PATCH", `/api/v1/syncs/${sync}`, { watermark: { column: "n" } });
    await sql`INSERT INTO moved VALUES (202, 'y', '2025-01-01', 2)`;
    const second = await world.run(sync);

    expect([first, second].map(({ counts }) => counts["accepted"])).toEqual([1, 1]);
  });

  it("brings a refused row of an append again, although newer ones were taken", async () => {
    const { sql } = world;
    await sql`ALTER TABLE people ADD COLUMN at timestamptz DEFAULT '2026-01-01'`;
    await sql`DELETE FROM people WHERE id > 20`;
    await sql`ALTER TABLE copies ADD CHECK (plan <> 'forbidden')`;
    const sync = await world.makeSync({ behaviour: "append", watermark: { column: "at" } });
    await sql`UPDATE people SET plan = 'forbidden' WHERE id = 3`;
    const first = await world.run(sync);
    await sql`UPDATE people SET plan = 'fine' WHERE id = 3`;
    await sql`INSERT INTO people VALUES (21, 'new', 'plan', 'x', '2026-03-01')`;
    const second = await world.run(sync);

    expect([first, second].map(({ counts }) => counts["accepted"])).toEqual([19, 2]);
  });

  it("begins anew when another column is the key", async () => {
    const { sql } = world;
    await sql`DELETE FROM people WHERE id > 20`;
    await sql`DROP TABLE copies`;
    await sql`CREATE TABLE copies (id bigint, email text, plan text)`;
    const sync = await world.makeSync({ behaviour: "mirror" });
    await world.run(sync);
    await world.api("PATCH", `/api/v1/syncs/${sync}`, {
      key: ["email"],
      mappings: [
        { to: "email", from: { type: "column", column: "email" }, isIdentifier: true },
        { to: "plan", from: { type: "column", column: "plan" } },
      ],
    });
    const second = await world.run(sync);

    expect(second).toMatchObject({ state: "completed", fullSync: "mapping_changed" });
    expect(second.counts).toMatchObject({ accepted: 20, deletes: 0 });
  });

  it("leaves its report in the region's bucket, and no changed row", async () => {
    const sync = await world.makeSync({});
    await world.run(sync);
    const keys = (await bucketFiles()).map(({ key }) => key);

    expect(keys.filter((key) => key.startsWith("homeport-syncs/"))).toEqual([]);
    expect(keys.filter((key) => key.startsWith(`homeport-sync-logs/${sync}/`))).not.toEqual([]);
  });
});

import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";

import { homeBucketName } from "../../../scripts/local-aws/options.ts";
import { readBucket, type ReadFile } from "../../support/read-bucket.ts";
import { openSyncWorld, type SyncWorld } from "../../support/sync/sync-world.ts";

type Row = Readonly<Record<string, unknown>>;

describe("the report of a sync in its source", () => {
  let world: SyncWorld;

  beforeAll(async () => {
    world = await openSyncWorld({ vars: { SUSPECT_SECONDS: "1" } });
  });

  afterAll(() => world.stop());

  beforeEach(async () => {
    const { sql } = world;
    await sql`DROP SCHEMA IF EXISTS homeport CASCADE`;
    await sql`DROP TABLE IF EXISTS people, copies`;
    await sql`CREATE TABLE people (id text, email text, plan text)`;
    await sql`CREATE TABLE copies (id text PRIMARY KEY, email text NOT NULL, plan text)`;
    await sql`INSERT INTO people VALUES ('u1', 'a@example.com', 'free'), ('u2', NULL, 'paid')`;
  });

  async function reportFiles(): Promise<readonly ReadFile[]> {
    const location = "eu-west-1";
    const { endpoints, credentials } = world.stack.aws;
    const access = { endpoint: endpoints[location], location, credentials: credentials.eu };
    return readBucket(access, homeBucketName(location), "homeport-sync-logs/");
  }

  it("has a row for each record, with Census's columns, and nothing stands in the bucket", async () => {
    const before = (await reportFiles()).length;
    const id = await world.makeSync({ log: "source", users: { userIdColumn: "id" } });
    const run = await world.run(id);
    const rows = await world.sql<Row[]>`SELECT * FROM homeport.sync_log ORDER BY record_identifier`;

    expect(rows).toMatchObject([
      {
        sync_id: id,
        sync_run_id: run.id,
        record_identifier: "u1",
        operation: "upsert",
        status: "succeeded",
        source_object_id: "public.people",
        destination_object_id: "public.copies",
        user_id: "u1",
      },
      { record_identifier: "u2", status: "rejected", user_id: "u2" },
    ]);
    expect(rows.map((row) => typeof row["status_message"])).toEqual(["object", "string"]);
    expect((await reportFiles()).length).toBe(before);
  });

  it("goes into the bucket with a word about it when the source may not be written", async () => {
    const { sql, server } = world;
    await sql.unsafe("DROP ROLE IF EXISTS reader");
    await sql.unsafe("CREATE ROLE reader LOGIN PASSWORD 'reads-only'");
    await sql.unsafe("GRANT SELECT ON people TO reader");
    const { host, port, database } = server;
    const made = await world.api("POST", "/api/v1/connections", {
      name: "Reader",
      kind: "postgres",
      settings: { host, port, database, user: "reader", password: "reads-only" },
      hosts: [`${host}:${port}`],
    });
    const { id: connectionId } = made["connection"] as { readonly id: string };
    const model = { kind: "table", schema: "public", name: "people" };
    const id = await world.makeSync({ log: "source", source: { connectionId, model } });
    const run = await world.run(id);
    const files = (await reportFiles()).map(({ key }) => key);
    await world.api("DELETE", `/api/v1/syncs/${id}`);
    await sql.unsafe("DROP OWNED BY reader");

    expect(run).toMatchObject({ state: "completed", steps: { report: { state: "completed" } } });
    expect(run["note"]).toContain("bucket");
    expect(files).toEqual(
      expect.arrayContaining([
        expect.stringContaining(`${id}/${run.id}/records.`),
        `homeport-sync-logs/${id}/${run.id}/metadata.json`,
      ]),
    );
  });

  it("loses whoever is forgotten", async () => {
    const id = await world.makeSync({ log: "source", users: { userIdColumn: "id" } });
    await world.run(id);
    const asked = await world.api("POST", "/api/v1/regulations", {
      regulationType: "DELETE_ONLY",
      subjectType: "USER_ID",
      subjectIds: ["u1"],
    });
    const { id: regulation } = (asked["regulation"] ?? asked) as { readonly id: string };
    await vi.waitFor(
      async () => {
        const found = await world.api("GET", `/api/v1/regulations/${regulation}`);
        expect(JSON.stringify(found)).toContain("FINISHED");
      },
      { timeout: 45_000, interval: 300 },
    );
    const users = await world.sql<Row[]>`SELECT user_id FROM homeport.sync_log`;

    expect(users.map((row) => row["user_id"])).toEqual(["u2"]);
  }, 60_000);
});

import { parquetReadObjects } from "hyparquet";
import { GetObjectCommand, ListObjectsV2Command } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";

import { homeBucketName } from "../../../scripts/local-aws/options.ts";
import { s3Client } from "../../support/read-bucket.ts";
import { openSyncWorld, type SyncWorld } from "../../support/sync/sync-world.ts";

const WAIT = { timeout: 90_000, interval: 300 };
const LOCATION = "eu-west-1";

describe("a user who wants to be forgotten, in syncs", () => {
  let world: SyncWorld;

  beforeAll(async () => {
    world = await openSyncWorld({ vars: { SUSPECT_SECONDS: "1" } });
  });

  afterAll(() => world.stop());

  beforeEach(async () => {
    const { sql } = world;
    await sql`DROP TABLE IF EXISTS people, copies`;
    await sql`CREATE TABLE people (id text, email text, plan text)`;
    await sql`CREATE TABLE copies (id text PRIMARY KEY, email text, plan text CHECK (plan <> 'bad'))`;
    await sql`INSERT INTO people SELECT 'user-' || n, 'p' || n || '@example.com', 'plan'
              FROM generate_series(1, 50) n`;
    await sql`UPDATE people SET plan = 'bad' WHERE id IN ('user-7', 'user-8')`;
  });

  async function regulate(regulationType: string, id: string): Promise<void> {
    const made = await world.api("POST", "/api/v1/regulations", {
      regulationType,
      subjectType: "USER_ID",
      subjectIds: [id],
    });
    await vi.waitFor(async () => {
      const now = await world.api("GET", `/api/v1/regulations/${String(made["id"])}`);
      expect(now["status"]).toBe("FINISHED");
    }, WAIT);
  }

  /** Identifiers in all reports of a sync, read back with another library. */
  async function reported(sync: string): Promise<readonly unknown[]> {
    const { endpoints, credentials } = world.stack.aws;
    const client = s3Client({
      endpoint: endpoints[LOCATION],
      location: LOCATION,
      credentials: credentials.eu,
    });
    const Bucket = homeBucketName(LOCATION);
    const listed = await client.send(
      new ListObjectsV2Command({ Bucket, Prefix: `homeport-sync-logs/${sync}/` }),
    );
    const identifiers: unknown[] = [];
    for (const { Key } of listed.Contents ?? []) {
      if (Key?.endsWith(".parquet") !== true) continue;
      const object = await client.send(new GetObjectCommand({ Bucket, Key }));
      const bytes = await object.Body?.transformToByteArray();
      const file = new Uint8Array(bytes ?? []).buffer;
      const rows = await parquetReadObjects({ file });
      identifiers.push(...rows.map((row) => row["identifier"]));
    }
    client.destroy();
    return identifiers;
  }

  it("is left in no sample, report or state, and is not sent again", async () => {
    const sync = await world.makeSync({ users: { userIdColumn: "id" } });
    const first = await world.run(sync);
    const before = await reported(sync);
    await regulate("SUPPRESS_WITH_DELETE_INTERNAL", "user-7");
    const after = await reported(sync);
    const { data } = await world.api("POST", `/api/v1/syncs/${sync}/runs/1/records`, {});
    await world.sql`UPDATE people SET plan = 'fine'`;
    const second = await world.run(sync);
    const copies = await world.sql`SELECT id FROM copies WHERE id = 'user-7'`;

    expect(first.counts).toMatchObject({ accepted: 48, rejected: 2 });
    expect(before).toContain("user-7");
    expect(after).toEqual(before.filter((id) => id !== "user-7"));
    expect((data as { identifier: string }[]).map(({ identifier }) => identifier)).toEqual([
      "user-8",
    ]);
    expect(second.counts).toMatchObject({ accepted: 49, suppressed: 1 });
    expect(copies.length).toBe(0);
  });

  it("is taken out although a run is under way", async () => {
    const sync = await world.makeSync({ users: { userIdColumn: "id" } });
    await world.run(sync);
    await world.sql`UPDATE people SET plan = 'other'`;
    const [run] = await Promise.all([
      world.trigger(sync),
      regulate("SUPPRESS_WITH_DELETE_INTERNAL", "user-9"),
    ]);
    await world.ended(sync, run);
    await world.run(sync);

    expect(await reported(sync)).not.toContain("user-9");
  });
});

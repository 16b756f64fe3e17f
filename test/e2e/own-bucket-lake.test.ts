import { parquetReadObjects } from "hyparquet";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";

import { applySetup, type SetupAnswer } from "../../scripts/local-aws/apply-setup.ts";
import { homeBucketName } from "../../scripts/local-aws/options.ts";
import { startStack, type Stack } from "../../scripts/stack/start-stack.ts";
import { ownBucket } from "../../src/archive/own-bucket/open.ts";
import type { OwnBucket, OwnBucketRole } from "../../src/region/own-bucket.ts";
import { HOME_REGIONS } from "../../src/region/regions.ts";
import { openHomeport, type Homeport, type TestSource } from "../support/homeport.ts";
import { openingAt } from "../support/own-bucket-ground.ts";
import { readBucket } from "../support/read-bucket.ts";

const LOCATION = "eu-west-1";
const BUCKET = "customer-events";
const WAIT = { timeout: 60_000, interval: 300 };

let stack: Stack;
let homeport: Homeport;
let source: TestSource;

beforeAll(async () => {
  stack = await startStack({
    vars: { SEAL_SECONDS: "1", SUSPECT_SECONDS: "1" },
    localAws: { buckets: [{ name: BUCKET, location: LOCATION }] },
  });
  homeport = openHomeport(stack);
  source = await homeport.createSource(await homeport.createWorkspace("eu"));
});

afterAll(async () => {
  await stack.stop();
});

async function api(method: string, path: string, body?: unknown) {
  const answer = await homeport.api(source.workspace.token, method, path, body);
  expect(answer.status, JSON.stringify(answer.body)).toBeLessThan(300);
  return answer.body;
}

/** Sets the source's storage up as a customer would; whether it is in use. */
async function useOwnBucket(options = ""): Promise<unknown> {
  const path = `/api/v1/sources/${source.id}/storage`;
  const query = `bucket=${BUCKET}&location=${LOCATION}&account=111122223333${options}`;
  const setup = (await api("GET", `${path}/setup?${query}`)) as unknown as SetupAnswer;
  await applySetup(stack.aws, setup);
  await api("PUT", path, setup.storage);
  return (await api("POST", `${path}/verification`, { waitSeconds: 0 }))["isInUse"];
}

async function send(userId: string): Promise<void> {
  const event = { writeKey: source.writeKey, userId, event: "Bought", messageId: `of-${userId}` };
  const body = JSON.stringify(event);
  const answer = await fetch(`${homeport.hostOf("eu1")}/v1/track`, { method: "POST", body });
  expect(answer.status).toBe(200);
}

/** Keys of lakes in the platform's buckets. */
async function lakesOfPlatform(): Promise<readonly string[]> {
  const credentials = stack.aws.credentials.eu;
  const found = HOME_REGIONS.eu.locations.map(async (location) => {
    const access = { endpoint: stack.aws.endpoints[location], location, credentials };
    return readBucket(access, homeBucketName(location), "segment-data/");
  });
  return (await Promise.all(found)).flat().map(({ key }) => key);
}

/** The customer's bucket with the rights that one of its roles has. */
async function bucketAs(role: OwnBucketRole) {
  const { current } = (await api("GET", `/api/v1/sources/${source.id}/storage`)) as {
    readonly current?: Omit<OwnBucket, "endpoint" | "kmsKeyArn"> & {
      readonly endpoint: null;
      readonly kmsKeyArn: null;
    };
  };
  if (current === undefined) throw new Error("Cannot open the customer's bucket: none is in use");
  const { endpoint: _endpoint, kmsKeyArn: _kmsKeyArn, ...own } = current;
  return ownBucket(openingAt(stack.aws), own, role);
}

/** Who the rows of the lake in the customer's bucket are about. */
async function usersInLake(): Promise<readonly string[]> {
  const bucket = await bucketAs("eraser");
  const listed = await bucket.list(`segment-data/data/${source.id}/`, { max: 100 });
  const users: string[] = [];
  for (const { key } of listed.ok ? listed.value.entries : []) {
    const object = await bucket.get(key);
    if (!object.ok) throw new Error("Cannot read a file of the lake");
    const file = await new Response(object.value.body).arrayBuffer();
    const rows = await parquetReadObjects({ file, columns: ["user_id"] });
    users.push(...rows.map((row) => String(row["user_id"])));
  }
  return [...new Set(users)].toSorted();
}

describe("the data lake of a source with a bucket of its own", () => {
  it("waits while that bucket was not set up for one, and goes to no other bucket", async () => {
    expect(await useOwnBucket()).toBe(true);
    await api("POST", "/api/v1/destinations", {
      name: "lake",
      slug: "data-lake",
      sourceId: source.id,
      settings: {},
    });

    await send("waits");

    await vi.waitFor(async () => {
      const { destinations } = await api("GET", "/api/v1/metrics");
      expect(JSON.stringify(destinations)).toContain("bucket_without_data_lake");
    }, WAIT);
    expect(await lakesOfPlatform()).toEqual([]);
  }, 120_000);

  it("is written there once it is set up, with what waited", async () => {
    expect(await useOwnBucket("&dataLake=true")).toBe(true);

    await send("stays");

    await vi.waitFor(async () => expect(await usersInLake()).toEqual(["stays", "waits"]), WAIT);
    expect(await lakesOfPlatform()).toEqual([]);
  }, 120_000);

  it("may not be listed by the reader, whom nothing there concerns", async () => {
    const listed = await (await bucketAs("reader")).list("segment-data/", { max: 1 });

    expect(listed).toMatchObject({ ok: false, error: { kind: "refused" } });
  });

  it("is erased there", async () => {
    const { id } = await api("POST", "/api/v1/regulations", {
      regulationType: "DELETE_ONLY",
      subjectType: "USER_ID",
      subjectIds: ["waits"],
    });

    await vi.waitFor(async () => {
      const { status } = await api("GET", `/api/v1/regulations/${String(id)}`);
      expect(status).toBe("FINISHED");
    }, WAIT);

    expect(await usersInLake()).toEqual(["stays"]);
  }, 120_000);
});

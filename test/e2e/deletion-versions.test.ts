import { setTimeout as pause } from "node:timers/promises";

import type { S3Client } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";

import { applySetup, documentsOf, type SetupAnswer } from "../../scripts/local-aws/apply-setup.ts";
import { bucketOf, rolesOf } from "../../scripts/local-aws/from-documents.ts";
import type { User } from "../../scripts/local-aws/options.ts";
import { startStack, type Stack } from "../../scripts/stack/start-stack.ts";
import { KEEPS_VERSIONS, keepVersions } from "../support/erased/every-version.ts";
import { inBucket, inBuckets, OLDER } from "../support/erased/find-user.ts";
import { ForgettingWorld, Sink, SINK_HOST, type Json } from "../support/forgetting-world.ts";
import { s3Client } from "../support/read-bucket.ts";

const USER = "forget-me-in-old-versions-81b2";
const OTHERS = [`${USER.slice(1)}0`, "somebody-else"];
const LOCATION = "eu-west-1";
const BUCKET = "customer-events";
const OWNER: User = {
  arn: "arn:aws:iam::111122223333:user/owner",
  accessKeyId: "AKIAOWNEROFBUCKETS01",
  secretAccessKey: "owner-secret-owner-secret-owner-secret-1",
  locations: [LOCATION],
  allow: [{ actions: ["s3:*"], bucket: BUCKET }],
};
const HELD_MS = 15_000;
const WAIT = { timeout: 60_000, interval: 200 };

let stack: Stack;
let sink: Sink;
let owner: S3Client;

beforeAll(async () => {
  sink = new Sink();
  sink.takesEvents = false;
  stack = await startStack({
    vars: { SEAL_SECONDS: "1", SUSPECT_SECONDS: "1" },
    outbound: { [SINK_HOST]: (request) => sink.answer(request) },
    localAws: { buckets: [{ name: BUCKET, location: LOCATION }], users: [OWNER] },
  });
  await keepVersions(stack.aws);
  const endpoint = stack.aws.endpoints[LOCATION];
  owner = s3Client({ endpoint, location: LOCATION, credentials: OWNER });
});

afterAll(async () => {
  owner.destroy();
  await stack.stop();
});

/** A source whose events go to a data lake, and become dead letters of a webhook. */
async function makeWorld(): Promise<ForgettingWorld> {
  const world = await ForgettingWorld.make(stack);
  const lake = { name: "lake", slug: "data-lake", sourceId: world.source.id, settings: {} };
  await world.api("POST", "/api/v1/destinations", lake);
  return world;
}

/** The parts of a request that say why they do not get on. */
function problemsOf(regulation: Json): readonly (string | undefined)[] {
  const parts = regulation["parts"] as readonly { readonly error?: string }[];
  return parts.map(({ error }) => error).filter(Boolean);
}

/** Stores in the order in which a deletion goes through them, and what their keys begin with. */
const STORES: readonly (readonly [store: string, prefix: (sourceId: string) => string])[] = [
  ["S3 segment-logs/", (id) => `segment-logs/${id}/1`],
  ["S3 segment-logs/dead-letters/", (id) => `segment-logs/${id}/dead-letters/`],
  ["S3 segment-data/", (id) => `segment-data/data/${id}/`],
];

describe("a deletion in the platform's buckets, which keep versions", () => {
  it("leaves no version in any store, although it is killed in each before it removes them", async () => {
    const world = await makeWorld();
    await world.send([USER, ...OTHERS]);
    const all = new Set(STORES.map(([store]) => store));
    await vi.waitFor(async () => expect(await inBuckets(stack, USER)).toEqual(all), WAIT);
    for (const [, prefix] of STORES) {
      await stack.aws.fault({
        operation: "ListObjectVersions",
        keyPrefix: prefix(world.source.id),
        when: "before",
        effect: { kind: "delay", ms: HELD_MS },
        times: 1,
      });
    }

    const id = await world.forget([USER]);
    for (const [store] of STORES) {
      await vi.waitFor(async () => {
        const found = await inBuckets(stack, USER);
        expect([found.has(store), found.has(`${store}${OLDER}`)]).toEqual([false, true]);
      }, WAIT);
      await pause(300);
      await stack.kill();
      await stack.restart();
    }
    const { status } = await world.finished(id);

    expect([status, await inBuckets(stack, USER)]).toEqual(["FINISHED", new Set()]);
    for (const other of OTHERS) expect(await inBuckets(stack, other)).toEqual(all);
  }, 240_000);
});

describe("a deletion in a bucket of the customer's own, which keeps versions", () => {
  /** Sets the bucket up by the documents, with versions kept; the eraser's role. */
  async function useOwnBucket(world: ForgettingWorld) {
    const path = `/api/v1/sources/${world.source.id}/storage`;
    const query = `bucket=${BUCKET}&location=${LOCATION}&account=111122223333&dataLake=true`;
    const setup = (await world.api("GET", `${path}/setup?${query}`)) as unknown as SetupAnswer;
    await applySetup(stack.aws, setup);
    const documents = documentsOf(setup);
    await stack.aws.setBucket({ ...bucketOf(setup.storage, documents), settings: KEEPS_VERSIONS });
    await world.api("PUT", path, setup.storage);
    const verified = await world.api("POST", `${path}/verification`, { waitSeconds: 0 });
    expect(verified["isInUse"], JSON.stringify(verified)).toBe(true);
    const [, , eraser] = rolesOf(documents);
    if (eraser === undefined) throw new Error("Cannot test: setup made no eraser");
    return eraser;
  }

  it.each(["s3:ListBucketVersions", "s3:DeleteObjectVersion"])(
    "says that %s is missing, and leaves no version once it is there",
    async (right) => {
      const world = await makeWorld();
      const eraser = await useOwnBucket(world);
      await world.send([USER, ...OTHERS]);
      await vi.waitFor(async () => {
        expect((await inBucket(owner, BUCKET, USER)).size).toBe(2);
      }, WAIT);
      const allow = eraser.allow.map(({ actions, ...rest }) => ({
        ...rest,
        actions: actions.filter((action) => action !== right),
      }));
      await stack.aws.setRole({ ...eraser, allow });

      const id = await world.forget([USER]);
      await vi.waitFor(async () => {
        expect(problemsOf(await world.regulation(id))).toEqual([`needs-${right}`]);
      }, WAIT);
      const { status: before } = await world.regulation(id);
      await stack.aws.setRole(eraser);
      // The session that was handed out before has the rights of then.
      await stack.kill();
      await stack.restart();
      const { status } = await world.finished(id);

      expect([before, status]).toEqual(["RUNNING", "FINISHED"]);
      expect(await inBucket(owner, BUCKET, USER)).toEqual(new Set());
      for (const other of OTHERS) expect((await inBucket(owner, BUCKET, other)).size).toBe(2);
    },
  );
});

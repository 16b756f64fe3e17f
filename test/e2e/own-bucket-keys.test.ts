import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";

import { homeBucketName, type User } from "../../scripts/local-aws/options.ts";
import { startStack, type Stack } from "../../scripts/stack/start-stack.ts";
import { openHomeport, type Homeport, type TestSource } from "../support/homeport.ts";
import { readBucket } from "../support/read-bucket.ts";

const LOCATION = "eu-west-1";
const BUCKET = "customer-by-keys";
const SECRET = "local-only-secret-of-a-customer-0000001";
const CUSTOMER: User = {
  arn: "arn:aws:iam::111122223333:user/customer",
  accessKeyId: "AKIACUSTOMERBYKEYS01",
  secretAccessKey: SECRET,
  locations: [LOCATION],
  allow: [{ actions: ["s3:*"], bucket: BUCKET }],
};
const WAIT = { timeout: 30_000, interval: 300 };

/** Run against the local AWS and against Ceph's gateway: an S3 that is not ours. */
describe("a bucket of the customer's own outside AWS", () => {
  let stack: Stack;
  let homeport: Homeport;
  let source: TestSource;
  let endpoint = "";

  beforeAll(async () => {
    stack = await startStack({
      vars: { SEAL_SECONDS: "1" },
      localAws: { buckets: [{ name: BUCKET, location: LOCATION }], users: [CUSTOMER] },
    });
    homeport = openHomeport(stack);
    endpoint = new URL(stack.aws.endpoints[LOCATION]).host;
  });

  afterAll(() => stack.stop());

  beforeEach(async () => {
    source = await homeport.createSource(await homeport.createWorkspace("eu"));
  });

  async function call(method: string, path: string, body?: unknown) {
    const at = `/api/v1/sources/${source.id}/storage${path}`;
    return (await homeport.api(source.workspace.token, method, at, body)).body;
  }

  async function ask(secretAccessKey = SECRET, bucket = BUCKET, dataLake = false) {
    const { accessKeyId } = CUSTOMER;
    const access = { kind: "keys", accessKeyId, secretAccessKey };
    await call("PUT", "", { kind: "own", bucket, endpoint, access, dataLake });
    return call("POST", "/verification", { waitSeconds: 0 });
  }

  async function send(...userIds: readonly string[]): Promise<void> {
    const batch = userIds.map((userId) => ({ type: "track", event: "Bought", userId }));
    const body = JSON.stringify({ writeKey: source.writeKey, batch });
    const answer = await fetch(`${homeport.hostOf("eu1")}/v1/batch`, { method: "POST", body });
    expect(answer.status).toBe(200);
  }

  /** User ids of the source's events there, read with the customer's keys. */
  async function usersThere(): Promise<readonly unknown[]> {
    const access = {
      endpoint: stack.aws.endpoints[LOCATION],
      location: LOCATION,
      credentials: CUSTOMER,
    };
    const files = await readBucket(access, BUCKET, `segment-logs/${source.id}/`);
    return files.flatMap(({ lines }) => lines.map((line) => (line as { userId: string }).userId));
  }

  it("is verified without roles, and says why those steps do not apply", async () => {
    const { verification, isInUse } = await ask();

    const { state, steps } = verification as {
      state: string;
      steps: readonly { step: string; state: string }[];
    };
    const notApplicable = steps.filter((step) => step.state === "not-applicable");
    expect([state, isInUse], JSON.stringify(steps)).toEqual(["passed", true]);
    expect(notApplicable.map(({ step }) => step)).toEqual(
      expect.arrayContaining(["external-id", "assume-writer", "kms-key", "confused-deputy"]),
    );
    expect(steps.filter((step) => step.state === "passed").map(({ step }) => step)).toEqual(
      expect.arrayContaining(["create-once", "rewrite-object", "delete-object", "bucket-region"]),
    );
  });

  it("takes the source's events, of which a deletion removes a user's", async () => {
    await ask();
    await send("forget-me", "somebody-else");
    await vi.waitFor(async () => expect(await usersThere()).toHaveLength(2), WAIT);

    const made = await homeport.api(source.workspace.token, "POST", "/api/v1/regulations", {
      regulationType: "SUPPRESS_WITH_DELETE",
      subjectType: "USER_ID",
      subjectIds: ["forget-me"],
    });
    const path = `/api/v1/regulations/${String(made.body["id"])}`;
    await vi.waitFor(
      async () => {
        const { body } = await homeport.api(source.workspace.token, "GET", path);
        expect(body["status"]).toBe("FINISHED");
      },
      { timeout: 90_000, interval: 300 },
    );

    expect(await usersThere()).toEqual(["somebody-else"]);
    expect(await homeport.files(source)).toEqual([]);
  });

  it("takes the source's data lake by the same keys, once it was verified for one", async () => {
    const { verification, isInUse } = await ask(SECRET, BUCKET, true);
    const made = await homeport.api(source.workspace.token, "POST", "/api/v1/destinations", {
      name: "lake",
      slug: "data-lake",
      sourceId: source.id,
      settings: {},
    });
    expect([isInUse, made.status], JSON.stringify([verification, made.body])).toEqual([true, 201]);

    await send("somebody");

    const endpointUrl = stack.aws.endpoints[LOCATION];
    const there = { endpoint: endpointUrl, location: LOCATION, credentials: CUSTOMER };
    const prefix = `segment-data/data/${source.id}/`;
    await vi.waitFor(
      async () => expect(await readBucket(there, BUCKET, prefix)).toHaveLength(1),
      WAIT,
    );
  });

  it("is not in use with a key that is not its owner's", async () => {
    const { isInUse, verification } = await ask("a-secret-that-somebody-made-up-000000001");

    expect([isInUse, (verification as { state: string }).state]).toEqual([false, "failed"]);
  });

  it("is not in use when the keys are of another bucket's owner", async () => {
    const { isInUse } = await ask(SECRET, homeBucketName(LOCATION));

    expect(isInUse).toBe(false);
  });

  it("never shows the secret key again", async () => {
    const asked = await call("PUT", "", {
      kind: "own",
      bucket: BUCKET,
      endpoint,
      access: { kind: "keys", accessKeyId: CUSTOMER.accessKeyId, secretAccessKey: SECRET },
    });
    const verified = await call("POST", "/verification", { waitSeconds: 0 });

    const shown = JSON.stringify([asked, verified, await call("GET", "")]);
    expect(shown).toContain(CUSTOMER.accessKeyId);
    expect(shown).not.toMatch(/secret|"keys":\{/i);
  });
});

import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";

import { applySetup, type SetupAnswer } from "../../scripts/local-aws/apply-setup.ts";
import type { Fault } from "../../scripts/local-aws/faults.ts";
import { homeBucketName, type User } from "../../scripts/local-aws/options.ts";
import { startStack, type Stack } from "../../scripts/stack/start-stack.ts";
import { openHomeport, type Homeport, type TestSource } from "../support/homeport.ts";
import { readBucket } from "../support/read-bucket.ts";

const LOCATION = "eu-west-1";
const BUCKET = "customer-under-faults";
/** Who looks into the customer's bucket. */
const CUSTOMER: User = {
  arn: "arn:aws:iam::111122223333:user/customer",
  accessKeyId: "AKIACUSTOMEROFFAULTS",
  secretAccessKey: "local-only-secret-of-a-customer-0000002",
  locations: [LOCATION],
  allow: [{ actions: ["s3:*"], bucket: BUCKET }],
};
const WAIT = { timeout: 30_000, interval: 200 };

const answer = (status: number, code: string): Fault["effect"] => ({
  kind: "answer",
  status,
  code,
});

/** What S3 can do to a PUT, and the word of it that has to be shown. */
const FAULTS: readonly (readonly [what: string, effect: Fault["effect"], shown: string])[] = [
  // The recorder of what goes out makes a 500 of a connection that broke.
  ["S3 breaks connections off", { kind: "drop" }, "http-500"],
  ["S3 does not answer", { kind: "delay", ms: 4_000 }, "timeout"],
  ["S3 is down", answer(503, "ServiceUnavailable"), "ServiceUnavailable"],
  ["AccessDenied", answer(403, "AccessDenied"), "AccessDenied"],
  ["SlowDown", answer(503, "SlowDown"), "SlowDown"],
  ["a session that expired", answer(400, "ExpiredToken"), "ExpiredToken"],
  ["the bucket's being in another region", answer(301, "PermanentRedirect"), "egress-redirected"],
  ["a clock that is wrong", answer(403, "RequestTimeTooSkewed"), "RequestTimeTooSkewed"],
];

describe("a bucket that takes nothing", () => {
  let stack: Stack;
  let homeport: Homeport;
  /** Bound to one location of the platform's, so that no fail-over helps. */
  let ofPlatform: TestSource;
  let ofCustomer: TestSource;
  let sent = 0;

  beforeAll(async () => {
    stack = await startStack({
      vars: { SEAL_SECONDS: "1", ARCHIVE_PROBE_SECONDS: "1", ARCHIVE_TIMEOUT_SECONDS: "2" },
      localAws: { buckets: [{ name: BUCKET, location: LOCATION }], users: [CUSTOMER] },
    });
    homeport = openHomeport(stack);
    const workspace = await homeport.createWorkspace("eu");
    ofPlatform = await homeport.createSource(workspace, { archiveLocations: [LOCATION] });
    ofCustomer = await homeport.createSource(workspace);
    const query = `bucket=${BUCKET}&location=${LOCATION}&account=111122223333`;
    const setup = (await storage("GET", `/setup?${query}`)) as unknown as SetupAnswer;
    await applySetup(stack.aws, setup);
    await storage("PUT", "", setup.storage);
    expect(await storage("POST", "/verification", { waitSeconds: 0 })).toMatchObject({
      isInUse: true,
    });
  });

  afterEach(() => stack.aws.clearFaults());

  afterAll(() => stack.stop());

  async function storage(method: string, path: string, body?: unknown) {
    const at = `/api/v1/sources/${ofCustomer.id}/storage${path}`;
    return (await homeport.api(ofCustomer.workspace.token, method, at, body)).body;
  }

  /** One event to each source. */
  async function send(): Promise<string> {
    sent += 1;
    const messageId = `under-fault-${sent}`;
    for (const { writeKey } of [ofPlatform, ofCustomer]) {
      const event = { writeKey, userId: "user-1", event: "Bought", messageId };
      const body = JSON.stringify(event);
      const taken = await fetch(`${homeport.hostOf("eu1")}/v1/track`, { method: "POST", body });
      expect(taken.status).toBe(200);
    }
    return messageId;
  }

  async function alertsOf({ id, workspace }: TestSource): Promise<string> {
    const path = `/api/v1/sources/${id}/metrics`;
    return JSON.stringify((await homeport.api(workspace.token, "GET", path)).body["queues"]);
  }

  /** messageIds by bucket, of both sources and in every bucket of the region. */
  async function stored(): Promise<Readonly<Record<string, readonly string[]>>> {
    const access = (location: "eu-west-1" | "eu-central-1", customer: boolean) => ({
      endpoint: stack.aws.endpoints[location],
      location,
      credentials: customer ? CUSTOMER : stack.aws.credentials.eu,
    });
    const idsIn = async (bucket: string, at: ReturnType<typeof access>) => {
      const files = await readBucket(at, bucket, "segment-logs/");
      return files
        .flatMap(({ lines }) => lines.map((line) => (line as { messageId: string }).messageId))
        .toSorted();
    };
    return {
      platform: await idsIn(homeBucketName(LOCATION), access(LOCATION, false)),
      elsewhere: await idsIn(homeBucketName("eu-central-1"), access("eu-central-1", false)),
      customer: await idsIn(BUCKET, access(LOCATION, true)),
    };
  }

  /** The storage status comes to say so. */
  async function shows(writing: unknown): Promise<void> {
    await vi.waitFor(async () => expect(await storage("GET", "")).toMatchObject({ writing }), WAIT);
  }

  /** Both buckets hold each event once, and no other bucket any. */
  async function hasAll(): Promise<void> {
    const ids = Array.from({ length: sent }, (_, at) => `under-fault-${at + 1}`).toSorted();
    await vi.waitFor(
      async () => expect(await stored()).toEqual({ platform: ids, elsewhere: [], customer: ids }),
      WAIT,
    );
  }

  it.each(FAULTS)("loses nothing and says so: %s", async (_what, effect, shown) => {
    const before = await stored();
    await stack.aws.fault({ operation: "PutObject", location: LOCATION, when: "before", effect });
    await send();
    for (const source of [ofPlatform, ofCustomer]) {
      await vi.waitFor(async () => expect(await alertsOf(source)).toContain(shown), WAIT);
    }
    await shows({ state: "failing", reasons: [expect.stringContaining(shown)] });
    const during = await stored();
    await stack.aws.clearFaults();

    expect(during).toEqual(before);
    await hasAll();
    await shows({ state: "ok", reasons: [] });
  });

  it("goes on once STS hands out sessions again", async () => {
    const ended = { when: "before", bucket: BUCKET, operation: "PutObject", times: 1 } as const;
    await stack.aws.fault({ ...ended, effect: answer(400, "ExpiredToken") });
    await stack.aws.fault({
      operation: "AssumeRole",
      when: "before",
      effect: answer(503, "ServiceUnavailable"),
    });
    await send();
    await vi.waitFor(
      async () => expect(await alertsOf(ofCustomer)).toContain("ServiceUnavailable"),
      WAIT,
    );
    await stack.aws.clearFaults();

    await hasAll();
  });
});

import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";

import {
  applySetup as applyTo,
  documentsOf,
  type SetupAnswer,
} from "../../scripts/local-aws/apply-setup.ts";
import { rolesOf } from "../../scripts/local-aws/from-documents.ts";
import { homeBucketName, type Role } from "../../scripts/local-aws/options.ts";
import { startStack, type Stack } from "../../scripts/stack/start-stack.ts";
import { openHomeport, type Homeport, type TestSource } from "../support/homeport.ts";
import { readBucket } from "../support/read-bucket.ts";

const LOCATION = "eu-west-1";
const BUCKET = "customer-events";

let stack: Stack;
let homeport: Homeport;
let source: TestSource;

beforeAll(async () => {
  stack = await startStack({
    vars: { SEAL_SECONDS: "1" },
    localAws: { buckets: [{ name: BUCKET, location: LOCATION }] },
  });
  homeport = openHomeport(stack);
  source = await homeport.createSource(await homeport.createWorkspace("eu"));
});

afterAll(async () => {
  await stack.stop();
});

async function call(method: string, path: string, body?: unknown) {
  const at = `/api/v1/sources/${source.id}/storage${path}`;
  const answer = await homeport.api(source.workspace.token, method, at, body);
  return answer;
}

async function send(messageId: string): Promise<void> {
  const event = { writeKey: source.writeKey, userId: "user-1", event: "Bought", messageId };
  await fetch(`${homeport.hostOf("eu1")}/v1/track`, {
    method: "POST",
    body: JSON.stringify(event),
  });
}

/** Pastes the documents of setup into the stand-in, as a customer would at AWS. */
async function applySetup(): Promise<SetupAnswer> {
  const query = `bucket=${BUCKET}&location=${LOCATION}&account=111122223333`;
  const setup = (await call("GET", `/setup?${query}`)).body as unknown as SetupAnswer;
  await applyTo(stack.aws, setup);
  return setup;
}

/** The messageIds in a bucket, read with the platform's key where that is allowed. */
async function idsIn(bucket: string): Promise<readonly unknown[]> {
  const access = {
    endpoint: stack.aws.endpoints[LOCATION],
    location: LOCATION,
    credentials: stack.aws.credentials.eu,
  };
  const files = await readBucket(access, bucket);
  return files.flatMap(({ lines }) =>
    lines.map((line) => (line as { messageId: string }).messageId),
  );
}

describe("a bucket of the customer's own", () => {
  it("is not in use before its verification passed", async () => {
    const { body } = await call("PUT", "", {
      kind: "own",
      bucket: BUCKET,
      location: LOCATION,
      access: {
        kind: "roles",
        writer: "arn:aws:iam::111122223333:role/nobody",
        reader: "arn:aws:iam::111122223333:role/nobody",
        eraser: "arn:aws:iam::111122223333:role/nobody",
      },
    });

    const verified = await call("POST", "/verification", { waitSeconds: 0 });

    expect(body).toMatchObject({ kind: "platform", candidate: { bucket: BUCKET } });
    expect(verified.body).toMatchObject({
      verification: { state: "failed" },
      isInUse: false,
      storage: { kind: "platform" },
    });
  });

  it("is in use once the documents are applied and verified", async () => {
    const setup = await applySetup();
    await call("PUT", "", setup.storage);

    const verified = await call("POST", "/verification", { waitSeconds: 0 });

    expect(verified.body).toMatchObject({
      verification: { state: "passed" },
      isInUse: true,
      storage: { kind: "own", current: { bucket: BUCKET, externalId: setup.externalId } },
    });
  });

  it("takes the source's events, and no other bucket does", async () => {
    stack.recorder.clear();
    await send("own-bucket-event");

    await vi.waitFor(async () => expect(await filesListed()).toEqual(["own-2"]), {
      timeout: 30_000,
      interval: 300,
    });

    const hosts = new Set(stack.recorder.calls().map(({ host }) => host));
    expect([...hosts]).toEqual([new URL(stack.aws.endpoints[LOCATION]).host]);
    expect(await idsIn(homeBucketName(LOCATION))).not.toContain("own-bucket-event");
  });
});

describe("another workspace", () => {
  it("cannot claim the bucket, although it knows its name and its roles", async () => {
    const setup = await applySetup();
    const other = await homeport.createSource(await homeport.createWorkspace("eu"));
    const path = `/api/v1/sources/${other.id}/storage`;
    const { token } = other.workspace;
    const before = (await stack.aws.requests()).length;

    await homeport.api(token, "PUT", path, setup.storage);
    const { body } = await homeport.api(token, "POST", `${path}/verification`, { waitSeconds: 0 });

    const asked = (await stack.aws.requests()).slice(before).map(({ operation }) => operation);
    expect(body).toMatchObject({ isInUse: false, verification: { state: "failed" } });
    expect([...new Set(asked)]).toEqual(["AssumeRole"]);
  });
});

describe("a bucket of the customer's own that takes nothing", () => {
  it("lets events wait, sends none elsewhere, and has them once it takes them again", async () => {
    const setup = await rolesApplied();
    const [writer] = setup;
    if (writer === undefined) throw new Error("Cannot break a role: setup made none");
    const platformFiles = await idsIn(homeBucketName(LOCATION));
    await stack.aws.setRole({ ...writer, allow: [] });
    // The session that was handed out before still works, so it is made to end.
    await stack.aws.fault({
      operation: "PutObject",
      bucket: BUCKET,
      when: "before",
      effect: { kind: "answer", status: 400, code: "ExpiredToken" },
      times: 1,
    });
    await send("waits-for-its-bucket");
    await vi.waitFor(async () => expect(await alertOfQueue()).toContain("AccessDenied"), {
      timeout: 30_000,
      interval: 300,
    });

    expect(await idsIn(homeBucketName(LOCATION))).toEqual(platformFiles);
    await stack.aws.setRole(writer);

    await vi.waitFor(async () => expect(await filesListed()).toEqual(["own-2", "own-2"]), {
      timeout: 60_000,
      interval: 300,
    });
  }, 120_000);

  it("is an alert once its verification fails, and stays in use", async () => {
    const [writer] = await rolesApplied();
    if (writer === undefined) throw new Error("Cannot break a role: setup made none");
    await stack.aws.setRole({ ...writer, trust: [] });

    const verified = await call("POST", "/verification", { waitSeconds: 0 });

    const alerts = await homeport.api(source.workspace.token, "GET", "/api/v1/alerts");
    expect(verified.body).toMatchObject({
      storage: { kind: "own" },
      verification: { state: "failed" },
    });
    expect(alerts.body).toMatchObject({ data: [{ code: "own_bucket_failing" }] });
    await stack.aws.setRole(writer);
  });

  it("is found by an event's messageId, whose file is read there", async () => {
    const path = `/api/v1/sources/${source.id}/events/own-bucket-event`;

    const found = await homeport.api(source.workspace.token, "GET", path);

    expect(found.body).toMatchObject({ state: "archived", file: { location: LOCATION } });
  });

  it("keeps its files when new ones go to the platform's bucket again", async () => {
    await call("PUT", "", { kind: "platform" });
    await send("at-the-platform-again");

    await vi.waitFor(
      async () => expect(await filesListed()).toEqual(["own-2", "own-2", undefined]),
      { timeout: 30_000, interval: 300 },
    );
    expect((await call("GET", "")).body).toMatchObject({
      kind: "platform",
      earlier: [{ name: "own-2" }],
    });
  });
});

/** The roles as setup wants them. */
async function rolesApplied(): Promise<readonly Role[]> {
  return rolesOf(documentsOf(await applySetup()));
}

async function alertOfQueue(): Promise<string> {
  const path = `/api/v1/sources/${source.id}/metrics`;
  const { body } = await homeport.api(source.workspace.token, "GET", path);
  return JSON.stringify(body["queues"]);
}

async function filesListed(): Promise<readonly unknown[]> {
  const path = `/api/v1/sources/${source.id}/files`;
  const { body } = await homeport.api(source.workspace.token, "GET", path);
  return (body["data"] as readonly { ownBucket?: string }[]).map(({ ownBucket }) => ownBucket);
}

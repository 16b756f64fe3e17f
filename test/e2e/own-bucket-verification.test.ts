import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";

import { bucketOf, rolesOf } from "../../scripts/local-aws/from-documents.ts";
import {
  homeUserArn,
  type BucketOptions,
  type BucketSetting,
  type Role,
} from "../../scripts/local-aws/options.ts";
import { startLocalAws, type LocalAws } from "../../scripts/local-aws/start.ts";
import { ownBucket } from "../../src/archive/own-bucket/open.ts";
import { bucketDocuments } from "../../src/archive/own-bucket/policies.ts";
import type { Verification } from "../../src/archive/own-bucket/verification.ts";
import type { AwsBucket } from "../../src/region/own-bucket.ts";
import { KEY, openingAt, OWN, SEGMENT, verifyAt } from "../support/own-bucket-ground.ts";

let aws: LocalAws;

beforeAll(async () => {
  aws = await startLocalAws({
    buckets: [
      { name: "customer-events", location: "eu-west-1" },
      { name: "events-in-frankfurt", location: "eu-central-1" },
    ],
  });
});

afterAll(async () => {
  await aws.stop();
});

type Changes = {
  readonly role?: (role: Role) => Role;
  readonly bucket?: (bucket: BucketOptions) => BucketOptions;
};

/** Does at the stand-in what the documents say, but for the changes. */
async function apply(own: AwsBucket, changes: Changes = {}): Promise<void> {
  const documents = bucketDocuments(own, homeUserArn("eu"));
  for (const each of rolesOf(documents)) await aws.setRole(changes.role?.(each) ?? each);
  const bucket = bucketOf(own, documents);
  await aws.setBucket(changes.bucket?.(bucket) ?? bucket);
}

function verify(own: AwsBucket): Promise<Verification> {
  return verifyAt(aws, own);
}

/** Steps that are anything but passed, with what they are. */
function troubles({ steps }: Verification): Readonly<Record<string, string>> {
  return Object.fromEntries(
    steps.filter(({ state }) => state !== "passed").map(({ step, state }) => [step, state]),
  );
}

function without(action: string): (role: Role) => Role {
  return (each) => ({
    ...each,
    allow: each.allow.map((statement) => ({
      ...statement,
      actions: statement.actions.filter((allowed) => allowed !== action),
    })),
  });
}

function setting(name: BucketSetting, xml: string): (bucket: BucketOptions) => BucketOptions {
  return (bucket) => ({ ...bucket, settings: { [name]: xml } });
}

describe("verification of a bucket with roles", () => {
  beforeEach(async () => {
    await apply(OWN);
  });

  it("passes when the documents were applied as they are", async () => {
    const verification = await verify(OWN);

    expect(troubles(verification)).toEqual({ "public-access": "warned" });
    expect(verification.state).toBe("passed");
  });

  it("leaves nothing behind", async () => {
    await verify(OWN);

    const listed = await ownBucket(openingAt(aws), OWN, "reader").list("segment-logs/", {
      max: 10,
    });
    expect(listed.ok && listed.value.entries).toEqual([]);
  });

  it("leaves a bucket in which the eraser rewrites an object under the same key", async () => {
    const key = "segment-logs/rewritten";
    const bytes = new TextEncoder().encode("line\n");
    const text = { contentType: "text/plain" };
    const put = await ownBucket(openingAt(aws), OWN, "writer").putNew(key, bytes, text);

    const etag = put.ok ? put.value.etag : "";
    const eraser = ownBucket(openingAt(aws), OWN, "eraser");
    const replaced = await eraser.replace(key, bytes, etag, text);

    const head = await ownBucket(openingAt(aws), OWN, "reader").head(key);
    await eraser.remove(key);
    expect(replaced).toMatchObject({ ok: true });
    expect(head.ok && head.value.kmsKeyArn).toBe(KEY);
  });

  it("fails when a role can be had without the ExternalId", async () => {
    await apply(OWN, {
      role: ({ externalId: _externalId, ...open }) => open,
    });

    expect(troubles(await verify(OWN))).toMatchObject({ "external-id": "failed" });
  });

  it("fails when a role does not trust us", async () => {
    await apply(OWN, { role: (each) => ({ ...each, trust: [] }) });

    expect(troubles(await verify(OWN))).toMatchObject({
      "assume-writer": "failed",
      "external-id": "skipped",
    });
  });

  it("fails for another workspace, whose ExternalId is another one", async () => {
    const verification = await verify({ ...OWN, externalId: "of-another-workspace" });

    expect(verification.state).toBe("failed");
  });

  it.each([
    ["s3:PutObject", "put-object"],
    ["kms:GenerateDataKey", "put-object"],
    ["s3:ListBucket", "list-objects"],
    ["s3:GetObject", "get-object"],
    ["kms:Decrypt", "get-object"],
    ["s3:DeleteObject", "delete-object"],
    ["s3:GetBucketLocation", "bucket-region"],
  ])("fails without %s", async (action, step) => {
    await apply(OWN, { role: without(action) });

    expect(troubles(await verify(OWN))).toMatchObject({ [step]: "failed" });
  });

  it.each(["s3:ListBucketVersions", "s3:DeleteObjectVersion"])(
    "fails without %s where the bucket keeps versions",
    async (action) => {
      const bucket = setting("versioning", "<Status>Enabled</Status>");
      await apply(OWN, { role: without(action), bucket });

      const { steps } = await verify(OWN);

      const step = steps.find(({ step: name }) => name === "delete-object");
      expect(step).toMatchObject({ state: "failed" });
      expect(step?.found).toContain(`needs-${action}`);
    },
  );

  it("fails when the bucket is at another location", async () => {
    const verification = await verify({ ...OWN, bucket: "events-in-frankfurt" });

    expect(troubles(verification)).toMatchObject({ "bucket-region": "failed" });
  });

  it.each<[BucketSetting, string, string, string]>([
    ["versioning", "<Status>Enabled</Status>", "versioning", "warned"],
    [
      "object-lock",
      "<ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><Days>7</Days></Rule>",
      "object-lock",
      "failed",
    ],
    ["replication", "<Rule><Status>Enabled</Status></Rule>", "replication", "failed"],
    [
      "lifecycle",
      "<Rule><Status>Enabled</Status><Expiration><Days>3</Days></Expiration></Rule>",
      "lifecycle",
      "warned",
    ],
  ])("sees %s", async (name, xml, step, state) => {
    await apply(OWN, { bucket: setting(name, xml) });

    expect(troubles(await verify(OWN))).toMatchObject({ [step]: state });
  });

  it("calls unknown what the reader may not see", async () => {
    await apply(OWN, { role: without("s3:GetReplicationConfiguration") });

    const verification = await verify(OWN);

    expect([verification.state, troubles(verification)["replication"]]).toEqual([
      "passed",
      "unknown",
    ]);
  });
});

describe("verification of a bucket as Segment has it", () => {
  it("passes without a key, with a warning of the confused deputy", async () => {
    const { kmsKeyArn: _kmsKeyArn, ...own } = SEGMENT;
    await apply(own);

    const verification = await verify(own);

    expect([verification.state, troubles(verification)["confused-deputy"]]).toEqual([
      "passed",
      "warned",
    ]);
  });

  it("writes nothing into a bucket of which the role of the workspace may see nothing", async () => {
    const { kmsKeyArn: _kmsKeyArn, ...own } = SEGMENT;
    await apply(own, { role: (each) => ({ ...each, allow: [] }) });
    const before = (await aws.requests()).length;

    const verification = await verify(own);

    const asked = (await aws.requests()).slice(before).map(({ operation }) => operation);
    expect(verification.state).toBe("failed");
    expect(asked).not.toContain("PutObject");
  });

  it("fails when the bucket's policy does not name us", async () => {
    const { kmsKeyArn: _kmsKeyArn, ...own } = SEGMENT;
    await apply(own, { bucket: (bucket) => ({ ...bucket, grants: [] }) });

    expect(troubles(await verify(own))).toMatchObject({ "put-object": "failed" });
  });
});

import { describe, expect, it } from "vitest";

import {
  refuseOwnBucket,
  ownBucketOf,
  type OwnBucketDraft,
  type OwnBucketProblem,
} from "../../../../src/archive/own-bucket/settings.ts";
import type { ListedEndpoints, S3Endpoint } from "../../../../src/region/s3-endpoints.ts";

const DRAFT: OwnBucketDraft = {
  bucket: "my-events",
  location: "eu-west-1",
  access: { kind: "segment", role: "arn:aws:iam::111122223333:role/path/archives" },
  kmsKeyArn: "arn:aws:kms:eu-west-1:111122223333:key/1234abcd",
};
const R2_ACCOUNT = "0123456789abcdef0123456789abcdef";
const AT_R2: OwnBucketDraft = {
  bucket: "my-events",
  location: "eu-west-1",
  endpoint: `${R2_ACCOUNT}.eu.r2.cloudflarestorage.com`,
  access: { kind: "keys", accessKeyId: "0123456789", secretAccessKey: "a-secret-key".repeat(3) },
};
const LISTED: ListedEndpoints = new Map([
  ["s3.example.eu", listed("s3.example.eu", "eu")],
  ["s3.example.us", listed("s3.example.us", "us")],
]);

function listed(host: string, region: "eu" | "us"): S3Endpoint {
  return { host, region, kind: "ceph", scope: "default", knownBy: "operator" };
}

function pathsOf(draft: OwnBucketDraft): readonly string[] {
  return problemsOf(draft).map(({ path }) => path);
}

function problemsOf(draft: OwnBucketDraft): readonly OwnBucketProblem[] {
  const refused = refuseOwnBucket(draft, "eu", LISTED);
  return refused.ok ? [] : refused.error;
}

describe("refuseOwnBucket()", () => {
  it("takes a bucket of the region with a key of the same location", () => {
    expect(pathsOf(DRAFT)).toEqual([]);
  });

  it.each<[string, Partial<OwnBucketDraft>, string]>([
    [
      "a location of the other region",
      { location: "us-west-2", kmsKeyArn: undefined as never },
      "location",
    ],
    ["an access point", { bucket: "my-events-s3alias" }, "bucket"],
    ["a bucket's name with a path", { bucket: "my-events/../other" }, "bucket"],
    ["a bucket's name with a host", { bucket: "a@evil.example" }, "bucket"],
    [
      "a role that is a user",
      { access: { kind: "segment", role: "arn:aws:iam::111122223333:user/u" } },
      "access.role",
    ],
    [
      "a key of another location",
      { kmsKeyArn: "arn:aws:kms:us-east-1:111122223333:key/1" },
      "kmsKeyArn",
    ],
    [
      "a key of several regions",
      { kmsKeyArn: "arn:aws:kms:eu-west-1:111122223333:key/mrk-1" },
      "kmsKeyArn",
    ],
    ["a key's alias", { kmsKeyArn: "arn:aws:kms:eu-west-1:111122223333:alias/mine" }, "kmsKeyArn"],
  ])("refuses %s", (_what, changes, path) => {
    const { kmsKeyArn, ...draft } = { ...DRAFT, ...changes };

    expect(pathsOf(kmsKeyArn === undefined ? draft : { ...draft, kmsKeyArn })).toEqual([path]);
  });
});

describe("refuseOwnBucket() outside AWS", () => {
  it.each([AT_R2.endpoint ?? "", "s3.example.eu"])("takes a bucket at %s", (endpoint) => {
    expect(pathsOf({ ...AT_R2, endpoint })).toEqual([]);
  });

  it.each([
    ["R2 without a jurisdiction", `${R2_ACCOUNT}.r2.cloudflarestorage.com`],
    ["R2 of the other region", `${R2_ACCOUNT}.us.r2.cloudflarestorage.com`],
    ["R2 of a jurisdiction that is no region", `${R2_ACCOUNT}.fedramp.r2.cloudflarestorage.com`],
    ["an endpoint listed for the other region", "s3.example.us"],
    ["an endpoint that nobody listed", "s3.somewhere.example"],
    ["a name that only ends like R2's", "x.eu.r2.cloudflarestorage.com.evil.example"],
    ["AWS under a host", "s3.eu-west-1.amazonaws.com"],
    ["a host with a path", "s3.example.eu/other"],
    ["a host with a port", "s3.example.eu:9000"],
  ])("refuses %s", (_what, endpoint) => {
    expect(pathsOf({ ...AT_R2, endpoint })).toEqual(["endpoint"]);
  });

  it("says what would be right", () => {
    const [problem] = problemsOf({ ...AT_R2, endpoint: "s3.somewhere.example" });

    expect(problem?.message).toBe(
      "is not known to be in eu: it has to be <account>.eu.r2.cloudflarestorage.com or s3.example.eu, or one that the operator lists in S3_ENDPOINTS",
    );
  });

  it.each<[string, Partial<OwnBucketDraft>, string]>([
    ["roles", { access: DRAFT.access }, "access.kind"],
    ["a KMS key", { kmsKeyArn: "arn:aws:kms:eu-west-1:111122223333:key/1" }, "kmsKeyArn"],
    ["a bucket's name with a path", { bucket: "a/b" }, "bucket"],
    [
      "a key with a line break",
      { access: { kind: "keys", accessKeyId: "key", secretAccessKey: "first\nsecond line" } },
      "access.secretAccessKey",
    ],
  ])("refuses %s", (_what, changes, path) => {
    expect(pathsOf({ ...AT_R2, ...changes })).toEqual([path]);
  });

  it("refuses keys at AWS, where roles are assumed", () => {
    const { endpoint: _endpoint, ...atAws } = AT_R2;

    expect(pathsOf(atAws)).toEqual(["access.kind"]);
  });
});

describe("ownBucketOf()", () => {
  it("leaves the secret key behind", () => {
    const own = ownBucketOf(AT_R2, { name: "own-1", externalId: "" });

    expect(JSON.stringify(own)).not.toContain("a-secret-key");
  });
});

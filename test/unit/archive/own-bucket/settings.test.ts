import { describe, expect, it } from "vitest";

import {
  refuseOwnBucket,
  type OwnBucketDraft,
} from "../../../../src/archive/own-bucket/settings.ts";

const DRAFT: OwnBucketDraft = {
  bucket: "my-events",
  location: "eu-west-1",
  access: { kind: "segment", role: "arn:aws:iam::111122223333:role/path/archives" },
  kmsKeyArn: "arn:aws:kms:eu-west-1:111122223333:key/1234abcd",
};
const EU = ["eu-west-1", "eu-central-1"] as const;

function pathsOf(draft: OwnBucketDraft): readonly string[] {
  const refused = refuseOwnBucket(draft, EU);
  return refused.ok ? [] : refused.error.map(({ path }) => path);
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

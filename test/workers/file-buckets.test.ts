import { describe, expect, it, vi } from "vitest";

import { FileBuckets } from "../../durable-objects/file-buckets.ts";
import type { Reach } from "../../durable-objects/reach.ts";
import type { OwnBucket } from "../../src/region/own-bucket.ts";
import { CONFIG } from "./support/api.ts";

const SOURCE_ID = "src_eu_0123456789abcdefghjkmnpqrs";
const NOW_MS = Date.UTC(2026, 10, 22, 12);

const FILE = { location: "eu-west-1", ownBucket: "own-1" } as const;
const BUCKET = {
  name: "own-1",
  location: "eu-west-1",
  bucket: "my-events",
  externalId: "",
} as const;
const AT_R2: OwnBucket = {
  ...BUCKET,
  endpoint: "0123456789abcdef0123456789abcdef.eu.r2.cloudflarestorage.com",
  label: "r2",
  access: { kind: "keys", accessKeyId: "first" },
};
const AT_AWS: OwnBucket = {
  ...BUCKET,
  label: "aws",
  access: { kind: "segment", role: "arn:aws:iam::111122223333:role/archives" },
};

/** What the workspace says now, and how often it was asked. */
let held: OwnBucket;
let asked: number;

function fileBuckets(own: OwnBucket): FileBuckets {
  held = own;
  asked = 0;
  const sourceConfig = async () => {
    asked += 1;
    return { storage: { buckets: [held], current: held.name } };
  };
  return new FileBuckets({
    config: CONFIG,
    sourceId: SOURCE_ID,
    observe: {
      sending: () => undefined,
      refused: () => undefined,
      sent: () => undefined,
      received: () => undefined,
    },
    reach: { workspace: () => ({ sourceConfig }) } as unknown as Reach,
  });
}

function passSeconds(seconds: number): void {
  vi.spyOn(Date, "now").mockReturnValue(NOW_MS + seconds * 1000);
}

describe("FileBuckets", () => {
  it("opens a bucket with the keys that its owner changed under the same name", async () => {
    passSeconds(0);
    const files = fileBuckets(AT_R2);
    const first = await files.of(FILE, "reader");
    held = { ...AT_R2, access: { kind: "keys", accessKeyId: "second" } };
    passSeconds(5);

    expect(await files.of(FILE, "reader")).not.toBe(first);
  });

  it("asks for no bucket twice that is got into by roles", async () => {
    passSeconds(0);
    const files = fileBuckets(AT_AWS);
    await files.of(FILE, "reader");
    passSeconds(3_600);
    await files.of(FILE, "reader");

    expect(asked).toBe(1);
  });
});

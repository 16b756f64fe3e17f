import { afterEach, describe, expect, it, vi } from "vitest";

import { homeBucket } from "../../../src/archive/home-bucket.ts";
import type { BucketConfig } from "../../../src/config.ts";
import type { ArchiveLocation } from "../../../src/region/regions.ts";

const SOURCE = "src_eu_0123456789abcdefghjkmnpqrs";

function configWith(url: string) {
  const bucket: BucketConfig = {
    location: "eu-west-1",
    url,
    accessKeyId: "AKIA",
    secretAccessKey: "secret",
    answerMsMax: 20_000,
  };
  const buckets = { "eu-west-1": bucket } as Readonly<Record<ArchiveLocation, BucketConfig>>;
  return { environment: "production", buckets } as const;
}

/** The region that a request to that bucket is signed for. */
async function scopeOf(url: string): Promise<string | undefined> {
  const send = vi.spyOn(globalThis, "fetch").mockResolvedValue(new Response(null));
  await homeBucket(configWith(url), SOURCE, "eu-west-1").head("key");
  const request = send.mock.calls[0]?.[0] as Request;
  return /\/\d{8}\/([^/]+)\/s3\//.exec(request.headers.get("authorization") ?? "")?.[1];
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe("homeBucket()", () => {
  it("signs for the location at AWS", async () => {
    expect(await scopeOf("https://s3.eu-west-1.amazonaws.com/bucket")).toBe("eu-west-1");
  });

  it("signs for auto at R2, whose endpoint shows the jurisdiction", async () => {
    const host = `${"0".repeat(32)}.eu.r2.cloudflarestorage.com`;

    expect(await scopeOf(`https://${host}/bucket`)).toBe("auto");
  });

  it("throws for a location of the other home", () => {
    const config = configWith("https://s3.eu-west-1.amazonaws.com/bucket");

    expect(() => homeBucket(config, SOURCE, "us-west-2")).toThrow(RangeError);
  });
});

import { describe, expect, it } from "vitest";

import { parseConfig } from "../../src/config.ts";
import type { ArchiveLocation } from "../../src/region/regions.ts";
import { PRODUCTION, problemsOf } from "../support/settings.ts";

describe("parseConfig() on a bucket", () => {
  const NAMES: Readonly<Record<ArchiveLocation, string>> = {
    "us-west-2": "BUCKET_US_WEST_2",
    "us-east-1": "BUCKET_US_EAST_1",
    "eu-west-1": "BUCKET_EU_WEST_1",
    "eu-central-1": "BUCKET_EU_CENTRAL_1",
  };
  const ACCOUNT = "0123456789abcdef0123456789abcdef";

  it.each([
    ["eu-west-1", "https://s3.eu-west-1.amazonaws.com/archive"],
    ["eu-west-1", "https://s3.dualstack.eu-west-1.amazonaws.com/archive"],
    ["eu-west-1", "https://s3.eu-west-1.amazonaws.com/archive/"],
    ["eu-central-1", `https://${ACCOUNT}.eu.r2.cloudflarestorage.com/archive`],
    ["us-east-1", "https://s3.us-east-1.amazonaws.com/archive"],
    ["us-west-2", `https://${ACCOUNT}.us.r2.cloudflarestorage.com/archive`],
  ] as const)("takes at %s %s", (location, url) => {
    expect(problemsOf({ [NAMES[location]]: url })).toEqual([]);
  });

  it.each([
    ["another region of the home", "https://s3.eu-central-1.amazonaws.com/archive"],
    ["the other home", "https://s3.us-east-1.amazonaws.com/archive"],
    ["the other home's R2", `https://${ACCOUNT}.us.r2.cloudflarestorage.com/archive`],
    ["R2 without a jurisdiction", `https://${ACCOUNT}.r2.cloudflarestorage.com/archive`],
    ["no region", "https://s3.amazonaws.com/archive"],
    ["the bucket in the host", "https://archive.s3.eu-west-1.amazonaws.com/"],
    ["the bucket in the host and in the path", "https://a.s3.eu-west-1.amazonaws.com/archive"],
    ["transfer acceleration", "https://s3-accelerate.amazonaws.com/archive"],
    ["the bucket accelerated", "https://archive.s3-accelerate.amazonaws.com/archive"],
    [
      "transfer acceleration on both stacks",
      "https://s3-accelerate.dualstack.amazonaws.com/archive",
    ],
    ["another region on both stacks", "https://s3.dualstack.us-east-1.amazonaws.com/archive"],
    ["a FIPS endpoint of the other home", "https://s3-fips.us-west-2.amazonaws.com/archive"],
    ["a FIPS endpoint that does not exist", "https://s3-fips.eu-west-1.amazonaws.com/archive"],
    ["the old form of the region", "https://s3-eu-west-1.amazonaws.com/archive"],
    ["a website's address", "https://archive.s3-website-eu-west-1.amazonaws.com/archive"],
    ["an access point", "https://ap-123456789012.s3-accesspoint.eu-west-1.amazonaws.com/archive"],
    ["an access point of several regions", "https://x.accesspoint.s3-global.amazonaws.com/archive"],
    ["an access point's alias", "https://s3.eu-west-1.amazonaws.com/ap-x1y2z3-s3alias"],
    ["the alias of several regions", "https://s3.eu-west-1.amazonaws.com/mfzwi23gnjvgw.mrap"],
    ["an object lambda's alias", "https://s3.eu-west-1.amazonaws.com/lambda-x1y2--ol-s3"],
    ["another partition of AWS", "https://s3.eu-west-1.amazonaws.com.cn/archive"],
    ["the region only in the bucket", "https://s3.amazonaws.com/s3.eu-west-1.amazonaws.com"],
    ["a foreign domain behind it", "https://s3.eu-west-1.amazonaws.com.example.com/archive"],
    ["a foreign domain before it", "https://evil-s3.eu-west-1.amazonaws.com/archive"],
    ["any character for the dot", "https://s3.eu-west-1xamazonaws.com/archive"],
    ["a port", "https://s3.eu-west-1.amazonaws.com:8443/archive"],
    ["the default port", "https://s3.eu-west-1.amazonaws.com:443/archive"],
    ["http", "http://s3.eu-west-1.amazonaws.com/archive"],
    ["a user name", "https://user@s3.eu-west-1.amazonaws.com/archive"],
    ["a password", "https://:secret@s3.eu-west-1.amazonaws.com/archive"],
    ["the host as a user name", "https://s3.eu-west-1.amazonaws.com@example.com/archive"],
    ["a query", "https://s3.eu-west-1.amazonaws.com/archive?x=1"],
    ["an empty query", "https://s3.eu-west-1.amazonaws.com/archive?"],
    ["a fragment", "https://s3.eu-west-1.amazonaws.com/archive#x"],
    ["an empty fragment", "https://s3.eu-west-1.amazonaws.com/archive#"],
    ["a path in the bucket", "https://s3.eu-west-1.amazonaws.com/archive/sub"],
    ["no bucket", "https://s3.eu-west-1.amazonaws.com/"],
    ["dot segments", "https://s3.eu-west-1.amazonaws.com/x/../archive"],
    ["the loopback address", "http://127.0.0.1:9000/archive"],
    ["no URL", "archive"],
  ])("refuses at eu-west-1 a URL with %s", (_, url) => {
    expect(problemsOf({ BUCKET_EU_WEST_1: url })).toEqual([
      expect.stringMatching(
        /^BUCKET_EU_WEST_1 .*: set BUCKET_EU_WEST_1 = "https:\/\/s3\.eu-west-1\.amazonaws\.com\/<bucket>" under \[vars\] in wrangler\.toml$/,
      ),
    ]);
  });

  it("refuses one bucket for two locations, whose second copies would be the only ones", () => {
    const url = `https://${ACCOUNT}.eu.r2.cloudflarestorage.com/archive`;

    expect(problemsOf({ BUCKET_EU_WEST_1: url, BUCKET_EU_CENTRAL_1: `${url}/` })).toEqual([
      expect.stringContaining("BUCKET_EU_CENTRAL_1 is the bucket of eu-west-1 as well"),
    ]);
  });

  it.each([
    ["takes", "http://127.0.0.1:9000/homeport-eu-west-1", 0],
    ["takes", "http://localhost:9000/homeport-eu-west-1", 0],
    ["takes", "https://s3.eu-west-1.amazonaws.com/homeport-eu-west-1", 0],
    ["refuses", "http://192.168.1.10:9000/homeport-eu-west-1", 1],
    ["refuses", "https://s3.us-east-1.amazonaws.com/homeport-eu-west-1", 1],
  ])("%s %s in development", (_, url, problems) => {
    const changes = { ENVIRONMENT: "development", BUCKET_EU_WEST_1: url };

    expect(problemsOf(changes)).toHaveLength(problems);
  });
});

describe("parseConfig() on fail-over", () => {
  it("waits for what no deployment may go below until it looks for second copies", () => {
    expect([
      parseConfig(PRODUCTION).failover.suspectMs,
      problemsOf({ SUSPECT_SECONDS: "899" }).length,
      problemsOf({ SUSPECT_SECONDS: "900" }).length,
    ]).toEqual([1_200_000, 1, 0]);
  });

  it("may wait for less on a developer's machine", () => {
    expect(problemsOf({ ENVIRONMENT: "development", SUSPECT_SECONDS: "1" })).toEqual([]);
  });
});

import { describe, expect, it } from "vitest";

import { parseConfig, type Vars } from "../../src/config.ts";
import type { ArchiveLocation } from "../../src/region/regions.ts";

const SECRET = Buffer.alloc(32, 7).toString("base64");

const PRODUCTION: Vars = {
  ENVIRONMENT: "production",
  JURISDICTIONS: "enforced",
  HOSTS: "events.eu1.example.com=eu1, events.example.com=us1",
  WRITE_KEY_SECRETS_EU: `2:${SECRET},1:${SECRET}`,
  WRITE_KEY_SECRETS_US: `1:${SECRET}`,
  OPERATOR_TOKEN: "0123456789abcdef0123456789abcdef",
  S3_ACCESS_KEY_ID_EU: "AKIAEU",
  S3_SECRET_ACCESS_KEY_EU: "eu-secret",
  S3_ACCESS_KEY_ID_US: "AKIAUS",
  S3_SECRET_ACCESS_KEY_US: "us-secret",
  BUCKET_US_WEST_2: "https://s3.us-west-2.amazonaws.com/homeport-us-west-2",
  BUCKET_US_EAST_1: "https://s3.us-east-1.amazonaws.com/homeport-us-east-1",
  BUCKET_EU_WEST_1: "https://s3.eu-west-1.amazonaws.com/homeport-eu-west-1",
  BUCKET_EU_CENTRAL_1: "https://s3.eu-central-1.amazonaws.com/homeport-eu-central-1",
};

/** The problems that parseConfig() lists for production with these changes. */
function problemsOf(changes: Vars): readonly string[] {
  try {
    parseConfig({ ...PRODUCTION, ...changes });
    return [];
  } catch (error) {
    return error instanceof Error ? error.message.split("\n- ").slice(1) : ["not an Error"];
  }
}

describe("parseConfig()", () => {
  it("reads a whole production configuration", () => {
    const config = parseConfig(PRODUCTION);

    expect(config).toMatchObject({
      environment: "production",
      jurisdictions: "enforced",
      operatorToken: PRODUCTION["OPERATOR_TOKEN"],
      seal: { afterMs: 60_000, bytes: 64_000_000 },
      windowMs: 86_400_000,
    });
  });

  it("maps each host to its ingest region", () => {
    expect([...parseConfig(PRODUCTION).hosts]).toEqual([
      ["events.eu1.example.com", "eu1"],
      ["events.example.com", "us1"],
    ]);
  });

  it("signs with the secret that is listed first", () => {
    expect(parseConfig(PRODUCTION).writeKeySecrets.eu.map(({ id }) => id)).toEqual([2, 1]);
  });

  it("gives each bucket the keys of its home", () => {
    const { buckets } = parseConfig(PRODUCTION);

    expect(Object.values(buckets).map((bucket) => [bucket.location, bucket.accessKeyId])).toEqual([
      ["us-west-2", "AKIAUS"],
      ["us-east-1", "AKIAUS"],
      ["eu-west-1", "AKIAEU"],
      ["eu-central-1", "AKIAEU"],
    ]);
  });

  it("reads the three limits that may be set", () => {
    const config = parseConfig({
      ...PRODUCTION,
      SEAL_SECONDS: "5",
      SEAL_MEGABYTES: "10",
      WINDOW_HOURS: "48",
    });

    expect([config.seal, config.windowMs]).toEqual([
      { afterMs: 5_000, bytes: 10_000_000 },
      172_800_000,
    ]);
  });

  it("lists every problem at once", () => {
    const required = Object.keys(PRODUCTION);
    const absent = Object.fromEntries(required.map((name) => [name, undefined]));
    const listed = problemsOf(absent).map((problem) => problem.split(" ")[0]);

    expect(listed.toSorted()).toEqual(required.toSorted());
  });

  it.each([
    "WRITE_KEY_SECRETS_EU",
    "WRITE_KEY_SECRETS_US",
    "OPERATOR_TOKEN",
    "S3_ACCESS_KEY_ID_EU",
    "S3_ACCESS_KEY_ID_US",
    "S3_SECRET_ACCESS_KEY_EU",
    "S3_SECRET_ACCESS_KEY_US",
  ])("says the command that sets the secret %s", (name) => {
    expect(problemsOf({ [name]: " " })).toEqual([
      `${name} is missing: run npx wrangler secret put ${name}`,
    ]);
  });

  it.each([
    ["ENVIRONMENT", undefined],
    ["ENVIRONMENT", "staging"],
    ["JURISDICTIONS", undefined],
    ["JURISDICTIONS", "off"],
    ["HOSTS", undefined],
    ["HOSTS", " , "],
    ["BUCKET_US_WEST_2", undefined],
    ["BUCKET_US_EAST_1", undefined],
    ["BUCKET_EU_WEST_1", undefined],
    ["BUCKET_EU_CENTRAL_1", undefined],
    ["SEAL_SECONDS", "0"],
    ["SEAL_SECONDS", "soon"],
    ["SEAL_MEGABYTES", "101"],
    ["SEAL_MEGABYTES", "-1"],
    ["WINDOW_HOURS", "23"],
    ["WINDOW_HOURS", "73"],
    ["WINDOW_HOURS", "Infinity"],
  ])("says the line of wrangler.toml that puts %s = %j right", (name, value) => {
    expect(problemsOf({ [name]: value })).toEqual([
      expect.stringMatching(new RegExp(`^${name} .* in wrangler\\.toml$`)),
    ]);
  });

  it.each([
    ["an unknown ingest region", "events.example.com=eu2"],
    ["no ingest region", "events.example.com"],
    ["two ingest regions", "events.example.com=eu1=us1"],
    ["a URL", "https://events.example.com=eu1"],
    ["upper case", "Events.example.com=eu1"],
  ])("refuses a host entry with %s", (_, entry) => {
    expect(problemsOf({ HOSTS: `ok.example.com=eu1,${entry}` })).toEqual([
      expect.stringContaining(`HOSTS holds "${entry}": write host=region`),
    ]);
  });

  it("refuses a host that is listed twice", () => {
    expect(problemsOf({ HOSTS: "a.example.com=eu1,a.example.com=us1" })).toEqual([
      "HOSTS names a.example.com twice: keep one of its entries in wrangler.toml",
    ]);
  });

  it.each([
    ["no number", SECRET],
    ["a number past 1023", `1024:${SECRET}`],
    ["31 bytes", `1:${Buffer.alloc(31, 7).toString("base64")}`],
    ["no base64", "1:!"],
    ["something after it", `1:${SECRET}:x`],
    ["nothing but a comma", ","],
  ])("refuses a write key secret with %s, and does not quote it", (_, value) => {
    const problems = problemsOf({ WRITE_KEY_SECRETS_EU: value });

    expect(new Set(problems)).toEqual(
      new Set([
        'WRITE_KEY_SECRETS_EU holds an entry that is not <number>:<base64 of 32 bytes or more>: run echo "1:$(openssl rand -base64 32)" | npx wrangler secret put WRITE_KEY_SECRETS_EU',
      ]),
    );
  });

  it("refuses two write key secrets of one number", () => {
    expect(problemsOf({ WRITE_KEY_SECRETS_US: `1:${SECRET},1:${SECRET}` })).toEqual([
      expect.stringMatching(/^WRITE_KEY_SECRETS_US has two secrets .* wrangler secret put/),
    ]);
  });

  it("refuses a short operator token in production, and does not quote it", () => {
    expect(problemsOf({ OPERATOR_TOKEN: "dev-operator-token" })).toEqual([
      "OPERATOR_TOKEN has 18 characters, wanted 32 or more: run openssl rand -hex 32 | npx wrangler secret put OPERATOR_TOKEN",
    ]);
  });

  it("takes a short operator token in development", () => {
    const changes = { ENVIRONMENT: "development", OPERATOR_TOKEN: "dev-operator-token" };

    expect(problemsOf(changes)).toEqual([]);
  });

  it.each(["production", "staging", undefined])(
    "refuses simulated jurisdictions when ENVIRONMENT is %s",
    (ENVIRONMENT) => {
      expect(problemsOf({ ENVIRONMENT, JURISDICTIONS: "simulated" })).toContainEqual(
        expect.stringMatching(/^JURISDICTIONS is "simulated", .* in wrangler\.toml$/),
      );
    },
  );

  it("takes simulated jurisdictions in development", () => {
    expect(problemsOf({ ENVIRONMENT: "development", JURISDICTIONS: "simulated" })).toEqual([]);
  });

  it("takes no other value of JURISDICTIONS for enforced", () => {
    expect(problemsOf({ JURISDICTIONS: "Enforced" })).toHaveLength(1);
  });
});

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

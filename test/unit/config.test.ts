import { describe, expect, it } from "vitest";

import { parseConfig } from "../../src/config.ts";
import { PRODUCTION, problemsOf, SECRET } from "../support/settings.ts";

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

  it("reads the endpoints outside AWS that the operator lists", () => {
    const { s3Endpoints } = parseConfig({
      ...PRODUCTION,
      S3_ENDPOINTS: "s3.fr-par.scw.cloud=eu:generic:fr-par, ceph.example.com=us:ceph:default",
    });

    expect([...s3Endpoints.values()]).toMatchObject([
      { host: "s3.fr-par.scw.cloud", region: "eu", kind: "generic", scope: "fr-par" },
      { host: "ceph.example.com", region: "us", kind: "ceph", scope: "default" },
    ]);
  });

  it.each([
    ["another region", "s3.example.com=ap:generic:x"],
    ["another kind", "s3.example.com=eu:r2:auto"],
    ["no scope", "s3.example.com=eu:generic"],
    ["an address", "10.0.0.7=eu:generic:x"],
    ["the loopback address outside development", "127.0.0.1:7480=eu:ceph:x"],
    ["a single label", "localhost=eu:generic:x"],
    ["AWS, whose names show the region", "s3.eu-west-1.amazonaws.com=us:generic:x"],
    ["R2 without a jurisdiction", "abc.r2.cloudflarestorage.com=eu:generic:auto"],
    ["a host twice", "a.example.com=eu:generic:x,a.example.com=us:generic:x"],
  ])("refuses to list %s", (_what, S3_ENDPOINTS) => {
    expect(problemsOf({ ...PRODUCTION, S3_ENDPOINTS })).toEqual([
      expect.stringMatching(/^S3_ENDPOINTS /),
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

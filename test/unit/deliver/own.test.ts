import { describe, expect, it } from "vitest";

import { addresseeOf, OWN_KINDS, ownDestinations, ownProblems } from "../../../src/deliver/own.ts";
import { err } from "../../../src/core/result.ts";

const POSTGRES = { host: "db.eu-west-1.rds.amazonaws.com", database: "d", user: "u" };

describe("ownDestinations()", () => {
  it("are those that are shown", () => {
    const made = ownDestinations(Date.now, async () => err({ kind: "odd-host", host: "" }));

    expect(made.map(({ kind }) => kind)).toEqual(OWN_KINDS);
  });

  it("know how to forget where they say so", async () => {
    expect(OWN_KINDS.filter(({ canForget }) => canForget).map(({ slug }) => slug)).toEqual([
      "webhook",
      "postgres",
      "data-lake",
      "s3-copy",
    ]);
  });
});

describe("addresseeOf()", () => {
  const DESTINATION = "dst_eu_0123456789abcdef0123456789";

  it.each([
    ["amplitude", { kind: "destination", names: ["A"] }],
    ["webhook", { kind: "destination", names: ["A"] }],
    ["postgres", { kind: "warehouse", id: DESTINATION }],
    ["data-lake", { kind: "storage" }],
    ["s3-copy", { kind: "storage" }],
  ])("says of %s how events speak of it", (slug, wanted) => {
    expect(addresseeOf(slug, ["A"], DESTINATION)).toEqual(wanted);
  });
});

describe("ownProblems()", () => {
  it.each([
    ["webhook", { url: "https://hooks.example.com/x" }, ["hooks.example.com"]],
    ["postgres", POSTGRES, []],
    ["postgres", { ...POSTGRES, host: "aws-0-eu-central-1.pooler.supabase.com", port: 6543 }, []],
    ["postgres", { ...POSTGRES, host: "db.example.com" }, ["db.example.com"]],
    ["postgres", { ...POSTGRES, host: "db.example.com", port: 5433 }, ["db.example.com:5433"]],
    ["data-lake", {}, []],
    ["s3-copy", { bucketUrl: "https://s3.eu-west-1.amazonaws.com/mine", accessKeyId: "a" }, []],
  ])("finds none in the settings of %s that can work: %j", (slug, settings, declaredHosts) => {
    expect(ownProblems(slug, "eu", { settings, declaredHosts })).toEqual([]);
  });

  it.each([
    ["webhook", { url: "https://hooks.example.com/x" }, "url is at a host that was not declared"],
    ["postgres", { ...POSTGRES, host: "db.us-east-1.rds.amazonaws.com" }, "host shows by its name"],
    ["postgres", { ...POSTGRES, host: "db.example.com" }, "host does not show"],
    ["postgres", { ...POSTGRES, port: 5433 }, "host does not show"],
    [
      "postgres",
      { ...POSTGRES, host: "evil.eu-west-1.rds.amazonaws.com.example.com" },
      "host does",
    ],
    ["postgres", { ...POSTGRES, schema: "pg_catalog" }, "schema is no name"],
    ["postgres", { ...POSTGRES, schema: "x".repeat(64) }, "schema is no name"],
    ["postgres", { ...POSTGRES, database: undefined }, "database is missing"],
    [
      "s3-copy",
      { bucketUrl: "https://s3.us-west-2.amazonaws.com/mine", accessKeyId: "a" },
      "bucketUrl",
    ],
    [
      "s3-copy",
      { bucketUrl: "https://s3.amazonaws.com/mine", accessKeyId: "a" },
      "bucketUrl is no",
    ],
  ])("finds in an eu workspace what keeps %s from working: %j", (slug, settings, problem) => {
    const [found] = ownProblems(slug, "eu", { settings, declaredHosts: ["other.example.com"] });

    expect(found).toContain(problem);
  });
});

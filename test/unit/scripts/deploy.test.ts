import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, describe, expect, it } from "vitest";

import { checkDeploy } from "../../../scripts/deploy/check-deploy.ts";
import { readDeployArgs } from "../../../scripts/deploy/deploy-args.ts";
import { COLOS_AS_OF } from "../../../src/region/colos.ts";

const FRESH_MS = Date.parse(COLOS_AS_OF) + 86_400_000;
const HOST = "events.eu1.example.com";

const VARS = {
  ENVIRONMENT: "production",
  JURISDICTIONS: "enforced",
  HOSTS: `${HOST}=eu1,api.example.com=us1,in.ap1.example.com=ap1`,
  BUCKET_US_WEST_2: "https://s3.us-west-2.amazonaws.com/acme-us-west-2",
  BUCKET_US_EAST_1: "https://s3.us-east-1.amazonaws.com/acme-us-east-1",
  BUCKET_EU_WEST_1: "https://s3.eu-west-1.amazonaws.com/acme-eu-west-1",
  BUCKET_EU_CENTRAL_1: "https://s3.eu-central-1.amazonaws.com/acme-eu-central-1",
};
const DECLARED = { ...VARS, REGIONAL_SERVICES: `${HOST}=eu` };

const folder = mkdtempSync(join(tmpdir(), "homeport-deploy-"));

afterAll(() => rmSync(folder, { recursive: true }));

describe("checkDeploy()", () => {
  it("refuses a strict host that is not declared, and says what would happen and what to do", () => {
    const { problems } = checkDeploy(VARS, undefined, FRESH_MS);

    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(HOST);
    expect(problems[0]).toContain("503 outside_region");
    expect(problems[0]).toContain(`REGIONAL_SERVICES = "${HOST}=eu"`);
    expect(problems[0]).toContain("ACCEPT_EDGE_LOSS=yes");
  });

  it("names each strict host that is not declared", () => {
    const vars = { ...DECLARED, HOSTS: `${VARS.HOSTS},in.eu2.example.com=eu1` };

    const { problems } = checkDeploy(vars, undefined, FRESH_MS);

    expect(problems).toEqual([expect.stringContaining("in.eu2.example.com")]);
  });

  it("takes one that is declared", () => {
    expect(checkDeploy(DECLARED, undefined, FRESH_MS).problems).toEqual([]);
  });

  it("takes a deployment without strict hosts", () => {
    const vars = { ...VARS, HOSTS: "api.example.com=us1" };

    expect(checkDeploy(vars, undefined, FRESH_MS).problems).toEqual([]);
  });

  it("takes one whose loss is accepted, and notes it", () => {
    const { problems, notes } = checkDeploy(VARS, "yes", FRESH_MS);

    expect(problems).toEqual([]);
    expect(notes).toContainEqual(expect.stringContaining(`${HOST} is deployed without`));
  });

  it.each(["", "no", "true", "YES"])("accepts nothing for ACCEPT_EDGE_LOSS=%j", (accepted) => {
    expect(checkDeploy(VARS, accepted, FRESH_MS).problems).toHaveLength(1);
  });

  it.each([
    [{ JURISDICTIONS: "simulated" }, "JURISDICTIONS"],
    [{ EDGE_CHECK: "off" }, "EDGE_CHECK"],
    [{ HOSTS: "" }, "HOSTS"],
    [{ BUCKET_EU_WEST_1: "https://s3.us-west-2.amazonaws.com/acme" }, "BUCKET_EU_WEST_1"],
  ])("refuses settings that the Worker would refuse: %j", (changes, wanted) => {
    const { problems } = checkDeploy({ ...DECLARED, ...changes }, "yes", FRESH_MS);

    expect(problems.join("\n")).toContain(wanted);
  });

  it("says that it could not see the secrets", () => {
    expect(checkDeploy(DECLARED, undefined, FRESH_MS).notes).toEqual([
      expect.stringContaining("Secrets cannot be read"),
    ]);
  });

  it("says so when the table of places is old", () => {
    const { notes } = checkDeploy(DECLARED, undefined, FRESH_MS + 120 * 86_400_000);

    expect(notes).toContainEqual(expect.stringContaining("refresh-colos"));
  });
});

describe("readDeployArgs()", () => {
  it.each([
    [["--config", "a.toml"], { config: "a.toml" }],
    [["--config=a.toml"], { config: "a.toml" }],
    [["-c", "a.toml", "-e", "staging"], { config: "a.toml", env: "staging" }],
    [["--dry-run"], { isDryRun: true }],
    [["--dry-run=false"], { isDryRun: false }],
    [["--domain", HOST, "--secrets-file", "s.env"], { config: undefined, isDryRun: false }],
    [
      ["--var", "HOSTS:a=eu1", "SEAL_SECONDS:5", "--minify"],
      { vars: { HOSTS: "a=eu1", SEAL_SECONDS: "5" } },
    ],
    [["--var=BUCKET:https://x/y"], { vars: { BUCKET: "https://x/y" } }],
    [["--var", "A:1", "--var", "A:2"], { vars: { A: "2" } }],
  ])("%j", (args, wanted) => {
    expect(readDeployArgs(args)).toMatchObject(wanted);
  });
});

describe("scripts/deploy.ts", () => {
  it("deploys nothing when the check refuses", () => {
    const config = join(folder, "wrangler.toml");
    const vars = Object.entries(VARS).map(([name, value]) => `${name} = "${value}"`);
    writeFileSync(config, `name = "x"\nmain = "x.js"\n[vars]\n${vars.join("\n")}\n`);

    const { status, stderr, stdout } = spawnSync(
      process.execPath,
      ["scripts/deploy.ts", "--config", config],
      { encoding: "utf8", env: { PATH: process.env["PATH"] } },
    );

    expect(status).toBe(1);
    expect(stderr).toContain("Nothing was deployed.");
    expect(stderr).toContain(`REGIONAL_SERVICES = "${HOST}=eu"`);
    expect(stdout).not.toContain("wrangler");
  });
});

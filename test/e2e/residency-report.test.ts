import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { homeBucketName } from "../../scripts/local-aws/options.ts";
import { startStack, type Stack } from "../../scripts/stack/start-stack.ts";
import { HOME_REGIONS } from "../../src/region/regions.ts";
import { openHomeport, type Homeport, type TestSource } from "../support/homeport.ts";
import { readBucket } from "../support/read-bucket.ts";

type Row = Readonly<Record<string, unknown>>;
type Report = Readonly<Record<"hosts" | "objects" | "refusals", readonly Row[]>>;

let stack: Stack;
let homeport: Homeport;
let source: TestSource;
let folder: string;

beforeAll(async () => {
  stack = await startStack({ vars: { SEAL_SECONDS: "1" } });
  homeport = openHomeport(stack);
  folder = await mkdtemp(join(tmpdir(), "residency-report-"));
  for (const region of ["us", "eu"] as const) {
    source = await homeport.createSource(await homeport.createWorkspace(region));
    await track(source);
    await homeport.settledEvents(source);
  }
  await stack.runCron();
});

afterAll(async () => {
  await stack.stop();
  await rm(folder, { recursive: true });
});

async function track({ writeKey }: TestSource): Promise<void> {
  const body = JSON.stringify({ writeKey, userId: "u-mark7", event: "E", messageId: "m-mark7" });
  const answer = await fetch(`${stack.url}/v1/track`, { method: "POST", body });
  expect(answer.status).toBe(200);
}

async function report(): Promise<Report> {
  const { body } = await homeport.api(source.workspace.token, "GET", "/api/v1/residency");
  return body as Report;
}

/** Asks until the report holds what its objects tell within seconds. */
async function settledReport(): Promise<Report> {
  let found = await report();
  const has = (purpose: string) => found.hosts.some((host) => host["purpose"] === purpose);
  await expect
    .poll(
      async () => {
        found = await report();
        return has("archive") && has("audit");
      },
      { timeout: 30_000, interval: 250 },
    )
    .toBe(true);
  return found;
}

/** The head files of the workspace, as they stand in the buckets of its home. */
async function headFiles(): Promise<readonly string[]> {
  const location = HOME_REGIONS.eu.locations[0];
  if (location === undefined) throw new Error("Cannot test: eu has no location");
  const access = {
    endpoint: stack.aws.endpoints[location],
    location,
    credentials: stack.aws.credentials.eu,
  };
  const prefix = `audit/${source.workspace.id}/`;
  const files = await readBucket(access, homeBucketName(location), prefix);
  return files.map(({ text }) => text);
}

/** The export of the workspace's chain, as a file. */
async function exportTo(name: string): Promise<string> {
  const answer = await fetch(`${stack.url}/api/v1/audit/export`, {
    headers: { authorization: `Bearer ${source.workspace.token}` },
  });
  const path = join(folder, name);
  await writeFile(path, Buffer.from(await answer.arrayBuffer()));
  return path;
}

async function verify(...args: readonly string[]): Promise<number> {
  return promisify(execFile)(process.execPath, ["scripts/verify-audit.ts", ...args]).then(
    () => 0,
    (error: { code: number }) => error.code,
  );
}

describe("the report of an eu workspace, beside one of us in the same deployment", () => {
  it("names the endpoints of eu locations only, and says for which they stand", async () => {
    const { hosts } = await settledReport();

    const own = HOME_REGIONS.eu.locations.map((at) => new URL(stack.aws.endpoints[at]).host);
    expect(hosts.filter(({ host }) => !own.includes(String(host)))).toEqual([]);
    expect(hosts.map(({ level }) => level)).toEqual(hosts.map(() => "development"));
    expect(hosts[0]?.["locations"]).toEqual([{ location: "eu-west-1", region: "eu" }]);
  });

  it("agrees with the recorder that stands for the whole internet", async () => {
    const { hosts } = await settledReport();

    // Counts of a host that is known follow within minutes; that it was contacted is there at once.
    const called = stack.recorder
      .calls()
      .filter(({ path }) => decodeURIComponent(path).includes(source.workspace.id.slice(6)));
    expect(new Set(hosts.map(({ host }) => host))).toEqual(new Set(called.map(({ host }) => host)));
  });

  it("shows every object where its name wants it, and refused nothing", async () => {
    const { objects, refusals } = await settledReport();

    expect(new Set(objects.map(({ kind }) => kind))).toEqual(
      new Set(["archive", "archive-month", "queue", "workspace"]),
    );
    expect(objects.filter(({ isAsWanted }) => isAsWanted !== true)).toEqual([]);
    expect(refusals).toEqual([]);
  });

  it("holds nothing of the events", async () => {
    expect(JSON.stringify(await settledReport())).not.toContain("mark7");
  });
});

describe("the audit chain of that workspace", () => {
  it("is accepted by the verifier, and goes through its head file in the bucket", async () => {
    await settledReport();
    const heads = join(folder, "heads");
    await mkdir(heads);
    const texts = await headFiles();
    await Promise.all(texts.map((text, i) => writeFile(join(heads, `${i}.json`), text)));

    expect(texts).toHaveLength(1);
    expect(await verify(await exportTo("alone.ndjson"), "--heads", heads)).toBe(0);
  });

  it("is refused after one byte of its export was changed", async () => {
    const path = await exportTo("changed.ndjson");
    const text = await readFile(path, "utf8");
    await writeFile(path, text.replace('"action":"source.create"', '"action":"source.delete"'));

    expect(await verify(path)).toBe(1);
  });

  it("extends an older export of itself, and is refused when they change places", async () => {
    const older = await exportTo("older.ndjson");
    await homeport.api(source.workspace.token, "PATCH", "/api/v1/workspace", { region: "us" });
    const newer = await exportTo("newer.ndjson");

    expect([await verify(older, newer), await verify(newer, older)]).toEqual([0, 1]);
  });
});

import { cp, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";

import type { OutboundAnswer, OutboundRequest } from "../../scripts/stack/recorder.ts";
import { startStack, type Stack } from "../../scripts/stack/start-stack.ts";
import { inBuckets, inFiles, inTables } from "../support/erased/find-user.ts";
import { openHomeport, type Homeport, type TestSource } from "../support/homeport.ts";

/** Occurs nowhere else, so that it can be looked for as bytes. */
const USER = "forget-me-yesterday-8d20";
const OTHER = "somebody-else";
const HOST = "sink.example.com";
const WAIT = { timeout: 120_000, interval: 300 };

let stack: Stack;
let homeport: Homeport;
let source: TestSource;
let destinationId: string;
let aside: string;
let got: string[];
let status: number;

const sink = async ({ body }: OutboundRequest): Promise<OutboundAnswer> => {
  got.push(String((JSON.parse(body.toString("utf8")) as { userId?: string }).userId));
  return { status, headers: {}, body: Buffer.alloc(0) };
};

beforeAll(async () => {
  stack = await startStack({
    vars: { SEAL_SECONDS: "3600", SUSPECT_SECONDS: "1" },
    outbound: { [HOST]: sink },
  });
  homeport = openHomeport(stack);
});

afterAll(() => stack.stop());

beforeEach(async () => {
  [got, status] = [[], 503];
  aside = await mkdtemp(join(tmpdir(), "homeport-aside-"));
  source = await homeport.createSource(await homeport.createWorkspace("eu"));
  const made = await api("POST", "/api/v1/destinations", {
    name: "Sink",
    slug: "webhook",
    sourceId: source.id,
    settings: { url: `https://${HOST}/in`, secret: "sixteen characters at least" },
    hosts: [HOST],
  });
  destinationId = (made["destination"] as { readonly id: string }).id;
  const batch = [USER, OTHER].map((userId) => ({ type: "track", event: "Seen", userId }));
  const body = JSON.stringify({ writeKey: source.writeKey, batch });
  expect((await fetch(`${stack.url}/v1/batch`, { method: "POST", body })).status).toBe(200);
  await vi.waitFor(() => expect(got).toEqual(expect.arrayContaining([USER, OTHER])), WAIT);
});

afterEach(() => rm(aside, { recursive: true, force: true }));

async function api(method: string, path: string, body?: unknown) {
  const answered = await homeport.api(source.workspace.token, method, path, body);
  expect(answered.status, JSON.stringify(answered.body)).toBeLessThan(300);
  return answered.body;
}

async function finished(id: string): Promise<void> {
  await vi.waitFor(async () => {
    expect((await api("GET", `/api/v1/regulations/${id}`))["status"]).toBe("FINISHED");
  }, WAIT);
}

/** The folders that hold the files of all objects of these classes. */
async function foldersOf(classes: readonly string[] | "all"): Promise<readonly string[]> {
  const folders = await readdir(join(stack.stateDir, "v3/do"));
  return folders.filter(
    (folder) => classes === "all" || classes.some((name) => folder.endsWith(`-${name}`)),
  );
}

/** Copies the files of objects to `to`, while nothing runs; what stands there goes. */
async function copy(from: string, to: string, folders: readonly string[]): Promise<void> {
  for (const folder of folders) {
    await rm(join(to, folder), { recursive: true, force: true });
    await cp(join(from, folder), join(to, folder), { recursive: true });
  }
}

describe.each([
  ["every object", "all"],
  [
    "the queues, lanes and replays, and not their workspace",
    ["IngestQueue", "DeliveryLane", "Replay"],
  ],
] as const)("yesterday's state of %s, restored after a deletion", { timeout: 240_000 }, (_, of) => {
  it("brings no event of the user back, to no destination and into no file", async () => {
    const state = join(stack.stateDir, "v3/do");
    await stack.kill();
    const folders = await foldersOf(of);
    await copy(state, aside, folders);
    const wasThere = inTables(stack, USER);
    await stack.restart();
    const made = await api("POST", "/api/v1/regulations", {
      regulationType: "DELETE_INTERNAL",
      subjectType: "USER_ID",
      subjectIds: [USER],
    });
    await finished(String(made["id"]));
    await stack.kill();
    await copy(aside, state, folders);
    [got, status] = [[], 200];
    await stack.restart();

    const { replay } = (await api("POST", "/api/v1/replays", {
      sourceId: source.id,
      destinationId,
      from: new Date(Date.now() - 86_400_000).toISOString(),
      to: new Date(Date.now() + 60_000).toISOString(),
    })) as { readonly replay: { readonly id: string } };
    await vi.waitFor(() => expect(got).toContain(OTHER), WAIT);
    await vi.waitFor(async () => {
      const now = await api("GET", `/api/v1/replays/${replay.id}`);
      expect(now["replay"]).toMatchObject({ state: "done" });
    }, WAIT);
    await finished(String(made["id"]));
    await stack.kill();
    const files = [...(await inFiles(stack, USER))].filter((file) => !file.startsWith("Workspace"));
    await stack.restart();

    expect(wasThere).toContain("IngestQueue log_<n>");
    expect(got).not.toContain(USER);
    expect([...(await inBuckets(stack, USER)), ...files]).toEqual([]);
  });
});

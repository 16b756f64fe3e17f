import { mkdtemp, rm } from "node:fs/promises";
import { DatabaseSync } from "node:sqlite";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { startStack, type Stack } from "../../scripts/stack/start-stack.ts";
import { formatName, placeOf, type ObjectName } from "../../src/region/object-names.ts";
import type { SourceId } from "../../src/core/ids.ts";
import { idOfName, objectFiles } from "../support/canary/stores.ts";
import {
  openHomeport,
  type Homeport,
  type TestSource,
  type TestWorkspace,
} from "../support/homeport.ts";

const HOST = "sink.example.com";
const WAIT = { timeout: 60_000, interval: 300 };
const MONTH = new Date().toISOString().slice(0, "yyyy-mm".length);

let stateDir: string;
let stack: Stack;
let homeport: Homeport;
let workspace: TestWorkspace;
let source: TestSource;

beforeEach(async () => {
  stateDir = await mkdtemp(join(tmpdir(), "homeport-leaving-"));
  stack = await startStack({
    stateDir,
    vars: { SEAL_SECONDS: "1", SUSPECT_SECONDS: "1" },
    outbound: { [HOST]: async () => ({ status: 400, headers: {}, body: Buffer.alloc(0) }) },
  });
  homeport = openHomeport(stack);
  workspace = await homeport.createWorkspace("eu");
  source = await homeport.createSource(workspace);
});

afterEach(async () => {
  await stack.stop();
  await rm(stateDir, { recursive: true, force: true });
});

const api = (method: string, path: string, body?: unknown) =>
  homeport.api(workspace.token, method, path, body);

/** Events in files, dead letters, what waits in queue and lane, and a replay that sent them again. */
async function useAll(): Promise<{ readonly destinationId: string; readonly replayId: string }> {
  const made = await api("POST", "/api/v1/destinations", {
    name: "Sink",
    slug: "webhook",
    sourceId: source.id,
    settings: { url: `https://${HOST}/in`, secret: "sixteen characters at least" },
    hosts: [HOST],
  });
  const { id: destinationId } = made.body["destination"] as { readonly id: string };
  await send(source, "a");
  await homeport.settledEvents(source);
  const from = new Date(Date.now() - 86_400_000).toISOString();
  const replay = await api("POST", "/api/v1/replays", {
    sourceId: source.id,
    destinationId,
    from,
  });
  const { id: replayId } = replay.body["replay"] as { readonly id: string };
  await vi.waitFor(async () => {
    const { body } = await api("GET", `/api/v1/replays/${replayId}`);
    expect((body["replay"] as { readonly state: string }).state).toBe("done");
  }, WAIT);
  return { destinationId, replayId };
}

async function send({ writeKey }: TestSource, messageId: string): Promise<number> {
  const batch = [{ type: "track", event: "Seen", userId: "u", messageId }];
  const body = JSON.stringify({ writeKey, batch });
  const answered = await fetch(`${stack.url}/v1/batch`, { method: "POST", body });
  await answered.arrayBuffer();
  return answered.status;
}

/** Ends the grace as time would: while nothing runs, in the row that holds it. */
async function endGrace(): Promise<void> {
  await stack.kill();
  for (const { object, path } of objectFiles(stateDir)) {
    if (object !== "Workspace") continue;
    const database = new DatabaseSync(path);
    const tables = database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'leavings'").all();
    if (tables.length > 0) database.exec("UPDATE leavings SET deletes_at_ms = 0");
    database.close();
  }
  await stack.restart();
  // The alarm is where the end of the grace was; cron finds what is overdue.
  await stack.runCron();
}

async function killAgainAndAgain(): Promise<void> {
  for (const delayMs of [30, 100, 250, 500]) {
    await stack.runCron().catch(() => {});
    await pause(delayMs);
    await stack.kill();
    await stack.restart();
  }
}

/** Tables of the objects of that source, by the kind of object, read from the files on disk. */
function tablesLeft(ids: { destinationId: string; replayId: string }): readonly string[] {
  const sourceId = source.id as SourceId;
  const queue = { sourceId, ingestRegion: "eu1", shard: 0 } as const;
  const names: readonly (readonly [string, ObjectName])[] = [
    ["IngestQueue", { kind: "queue", ...queue }],
    [
      "DeliveryLane",
      { kind: "lane", ...queue, destinationId: ids.destinationId as `dst_${string}` },
    ],
    ["Replay", { kind: "replay", replayId: ids.replayId as `rpl_${string}` }],
    ["Archive", { kind: "archive", sourceId }],
    ["ArchiveMonth", { kind: "archive-month", sourceId, month: MONTH }],
  ];
  const files = objectFiles(stateDir);
  return names.flatMap(([object, name]) => {
    const place = placeOf(name);
    const where = place.kind === "jurisdiction" ? place.jurisdiction : place.hint;
    const id = idOfName(object, `simulated:${where}:${formatName(name)}`);
    const file = files.find((each) => each.id === id);
    return file === undefined ? [] : tablesOf(file.path).map((table) => `${object} ${table}`);
  });
}

function tablesOf(path: string): readonly string[] {
  const database = new DatabaseSync(path, { readOnly: true });
  const rows = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all();
  database.close();
  return rows.map(({ name }) => String(name)).filter((name) => !/^(?:_cf_|sqlite_)/.test(name));
}

async function leaving(path: string): Promise<Readonly<Record<string, unknown>>> {
  const { body } = await api("GET", path);
  return body["leaving"] as Readonly<Record<string, unknown>>;
}

describe("a source that leaves", () => {
  it("is gone from every object and bucket after kills, and another one is as it was", async () => {
    const other = await homeport.createSource(workspace);
    await send(other, "b");
    const ids = await useAll();
    await homeport.settledEvents(other);
    expect(tablesLeft(ids).filter((table) => table.endsWith("applied_migrations"))).toHaveLength(5);
    await api("DELETE", `/api/v1/sources/${source.id}`);
    await endGrace();
    await killAgainAndAgain();

    const path = `/api/v1/sources/${source.id}/leaving`;
    await vi.waitFor(async () => expect((await leaving(path))["state"]).toBe("done"), WAIT);
    const certificate = JSON.parse(String((await leaving(path))["certificate"])) as object;
    expect(certificate).toMatchObject({ subject: source.id, problems: [] });
    expect(await homeport.files(source)).toEqual([]);

    expect(await send(other, "c")).toBe(200);
    const kept = await homeport.settledEvents(other);
    expect(new Set(kept.map(({ messageId }) => messageId))).toEqual(new Set(["b", "c"]));
    await stack.kill();
    expect(tablesLeft(ids)).toEqual([]);
    await stack.restart();
  });

  it("stays empty when an event comes late, by the route that a Worker remembers", async () => {
    const ids = await useAll();
    await api("DELETE", `/api/v1/sources/${source.id}`);
    await endGrace();
    const path = `/api/v1/sources/${source.id}/leaving`;
    await vi.waitFor(async () => expect((await leaving(path))["state"]).toBe("done"), WAIT);

    expect(await send(source, "late")).toBe(403);
    await stack.runCron();
    // Longer than an object that begins takes to ask whether it may.
    await pause(1_500);
    await stack.kill();
    expect(tablesLeft(ids)).toEqual([]);
    await stack.restart();
  });
});

describe("a workspace that leaves", () => {
  it("is gone after kills, and the operator has its certificate", async () => {
    const ids = await useAll();
    await api("DELETE", "/api/v1/workspace");
    await endGrace();
    await killAgainAndAgain();

    const path = `/api/v1/workspaces/${workspace.id}/departure`;
    const departure = await vi.waitFor(async () => {
      await stack.runCron();
      const found = await homeport.api(stack.operatorToken, "GET", path);
      expect(found.status).toBe(200);
      return found.body;
    }, WAIT);
    expect(JSON.parse(String(departure["certificate"]))).toMatchObject({ subject: workspace.id });
    expect((await api("GET", "/api/v1/workspace")).status).toBe(401);
    expect(await homeport.files(source)).toEqual([]);

    await stack.runCron();
    await pause(1_500);
    await stack.kill();
    const workspaces = objectFiles(stateDir).filter(({ object }) => object === "Workspace");
    expect(workspaces.map(({ path: file }) => tablesOf(file))).toEqual([["tombstone"]]);
    expect(tablesLeft(ids)).toEqual([]);
    await stack.restart();
  });
});

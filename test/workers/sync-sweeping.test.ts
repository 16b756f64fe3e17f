import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { newChildId } from "../../src/core/ids.ts";
import { locate } from "../../src/region/placement.ts";
import type { Sync, SyncId } from "../../src/sync/sync.ts";
import { CONFIG, ENV, makeServices, makeWorkspace } from "./support/api.ts";
import { FakeS3 } from "./support/fake-s3.ts";

const DAY_MS = 86_400_000;
/** Files of the stand-in are from the midnight before. */
const NOW_MS = Date.UTC(2026, 10, 22, 12);
const BUCKET = "https://s3.eu-west-1.amazonaws.com/homeport-eu-west-1";

const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));

const services = makeServices();
let s3: FakeS3;
let workspace: Awaited<ReturnType<typeof makeWorkspace>>;
let syncId: SyncId;

beforeEach(async () => {
  vi.spyOn(Date, "now").mockReturnValue(NOW_MS);
  s3 = new FakeS3().install();
  workspace = await makeWorkspace("eu");
  syncId = newChildId("syn", workspace.id, random);
  await hold({ deletedAtMs: undefined });
});

/** The sync as its workspace keeps it. */
async function hold({ deletedAtMs }: { deletedAtMs: number | undefined }): Promise<void> {
  const name = { kind: "workspace", workspaceId: workspace.id } as const;
  const stub = locate(ENV.WORKSPACE, name, CONFIG.jurisdictions);
  const gone = newChildId("con", workspace.id, random);
  const sync = {
    id: syncId,
    number: 7,
    source: { connectionId: gone, model: { kind: "query", sql: "SELECT 1" } },
    destination: { connectionId: gone, object: "x" },
    deletedAtMs,
  } satisfies Partial<Sync>;
  await runInDurableObject(stub, (_, { storage }) => {
    storage.sql.exec(
      "INSERT OR REPLACE INTO syncs (number, id, is_deleted, body) VALUES (7, ?, ?, ?)",
      syncId,
      deletedAtMs === undefined ? 0 : 1,
      JSON.stringify(sync),
    );
  });
}

function stub() {
  return locate(ENV.SYNC, { kind: "sync", syncId }, CONFIG.jurisdictions);
}

/** What runs leave behind: a sample, and a day for looking at reports. */
async function leaveBehind(sweepAtMs: number): Promise<void> {
  await services.sync(syncId).standing();
  await runInDurableObject(stub(), async (_, { storage }) => {
    storage.sql.exec(
      "INSERT INTO samples (number, kind, at_ms, body) VALUES (1, 'rejected', ?, x'00')",
      NOW_MS,
    );
    storage.sql.exec("INSERT INTO state (name, value) VALUES ('sweep-at', ?)", String(sweepAtMs));
    await storage.setAlarm(NOW_MS);
  });
}

function putReport(): string {
  const url = `${BUCKET}/homeport-sync-logs/${syncId}/run_eu_1/records.1.parquet`;
  s3.put(url, new Uint8Array([1]));
  return url;
}

async function samples(): Promise<number> {
  await services.sync(syncId).standing();
  return runInDurableObject(stub(), (_, { storage }) =>
    Number(storage.sql.exec("SELECT count(*) AS n FROM samples").one()["n"]),
  );
}

describe("reports of syncs", () => {
  it("are removed once they are 14 days old, by a look a day", async () => {
    const url = putReport();
    await leaveBehind(NOW_MS);
    await runDurableObjectAlarm(stub());
    const early = s3.objects.has(url);
    vi.spyOn(Date, "now").mockReturnValue(NOW_MS + 14 * DAY_MS);
    await runDurableObjectAlarm(stub());

    expect([early, s3.objects.has(url)]).toEqual([true, false]);
  });

  it("are looked for no more once none is left", async () => {
    await leaveBehind(NOW_MS);
    await runDurableObjectAlarm(stub());
    s3.requests.length = 0;
    vi.spyOn(Date, "now").mockReturnValue(NOW_MS + 2 * DAY_MS);
    await services.sync(syncId).changed();
    await runDurableObjectAlarm(stub());

    expect(s3.requests.filter((request) => request.startsWith("GET"))).toEqual([]);
  });
});

describe("a sync whose alarm was lost", () => {
  const alarm = () => runInDurableObject(stub(), (_, { storage }) => storage.getAlarm());

  it("is woken by its workspace in its own minute of the hour", async () => {
    await leaveBehind(NOW_MS + DAY_MS);
    await runInDurableObject(stub(), (_, { storage }) => storage.deleteAlarm());
    await services.workspace(workspace.id).poke();
    const early = await alarm();
    vi.spyOn(Date, "now").mockReturnValue(NOW_MS + 7 * 60_000);
    await services.workspace(workspace.id).poke();

    expect([early, await alarm()]).toEqual([null, NOW_MS + DAY_MS]);
  });
});

describe("a deleted sync", () => {
  it("keeps nothing but its reports, and those no longer than others", async () => {
    const url = putReport();
    await leaveBehind(NOW_MS + DAY_MS);
    await hold({ deletedAtMs: NOW_MS });
    await services.sync(syncId).changed();
    await runDurableObjectAlarm(stub());
    await vi.waitFor(async () => expect(await samples()).toBe(0));
    const early = s3.objects.has(url);
    vi.spyOn(Date, "now").mockReturnValue(NOW_MS + 14 * DAY_MS);
    await runDurableObjectAlarm(stub());

    expect([early, s3.objects.has(url)]).toEqual([true, false]);
  });

  it("is emptied at once when it left no report", async () => {
    await leaveBehind(NOW_MS + DAY_MS);
    await hold({ deletedAtMs: NOW_MS });
    await services.sync(syncId).changed();
    await runDurableObjectAlarm(stub());

    await vi.waitFor(async () => expect(await samples()).toBe(0));
  });

  it("is not taken for deleted because what it reads from is gone", async () => {
    await leaveBehind(NOW_MS + DAY_MS);
    await services.sync(syncId).changed();
    await runDurableObjectAlarm(stub());

    expect(await samples()).toBe(1);
  });
});

import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { newChildId } from "../../src/core/ids.ts";
import type { ObjectName } from "../../src/region/object-names.ts";
import { locate } from "../../src/region/placement.ts";
import type { RunRequest } from "../../src/sync/ports.ts";
import type { ConnectionId, Sync, SyncId } from "../../src/sync/sync.ts";
import { call, CONFIG, ENV, makeServices, makeWorkspace } from "./support/api.ts";
import { FakeS3 } from "./support/fake-s3.ts";
import { homeBucketUrl } from "./support/leaving.ts";

const DAY_MS = 86_400_000;
const NOW_MS = Date.UTC(2026, 10, 22, 12);
/** As long as a PUT in doubt may still land. */
const SUSPECT_MS = 30 * 60_000;
const RUN: RunRequest = {
  kind: "sync",
  trigger: { kind: "api", detail: undefined, scheduledForMs: undefined },
  isFull: false,
  allowDeletes: false,
  allowMassChange: false,
};

const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));
const services = makeServices();

let s3: FakeS3;
let nowMs: number;
let workspace: Awaited<ReturnType<typeof makeWorkspace>>;
let syncId: SyncId;

beforeEach(async () => {
  nowMs = NOW_MS;
  vi.spyOn(Date, "now").mockImplementation(() => nowMs);
  s3 = new FakeS3().install();
  workspace = await makeWorkspace("eu");
  syncId = newChildId("syn", workspace.id, random);
  await holdSync(await addConnection());
  await services.sync(syncId).standing();
  await inObject({ kind: "sync", syncId }, ({ sql }) => {
    sql.exec("INSERT INTO samples (number, kind, at_ms, body) VALUES (1, 'rejected', 1, x'00')");
  });
  await api("DELETE", "/workspace");
  nowMs += 5 * DAY_MS;
});

const api = (method: string, path: string, body?: unknown) =>
  call(method, `/api/v1${path}`, {
    token: workspace.token,
    ...(body === undefined ? {} : { body }),
  });

const regulate = () =>
  api("POST", "/regulations", {
    regulationType: "SUPPRESS_ONLY",
    subjectType: "USER_ID",
    subjectIds: ["u"],
  });

async function addConnection(): Promise<ConnectionId> {
  const settings = {
    host: "db.abc.eu-central-1.rds.amazonaws.com",
    database: "shop",
    user: "reader",
    password: "a password nobody may see",
  };
  const { body } = await api("POST", "/connections", { name: "Shop", kind: "postgres", settings });
  return body.connection.id as ConnectionId;
}

/** As the workspace keeps it; no source is looked at here. */
async function holdSync(connectionId: ConnectionId): Promise<void> {
  const sync = {
    id: syncId,
    number: 1,
    isPaused: false,
    behaviour: "upsert",
    schedule: { kind: "manual" },
    source: { connectionId, model: { kind: "query", sql: "SELECT 1" } },
    destination: { connectionId, object: "x" },
    deletedAtMs: undefined,
  } satisfies Partial<Sync>;
  await inObject(workspaceName(), ({ sql }) => {
    sql.exec(
      "INSERT INTO syncs (number, id, is_deleted, body) VALUES (1, ?, 0, ?)",
      syncId,
      JSON.stringify(sync),
    );
  });
}

function workspaceName(): ObjectName {
  return { kind: "workspace", workspaceId: workspace.id };
}

function stubOf(name: ObjectName) {
  const namespace = name.kind === "sync" ? ENV.SYNC : ENV.WORKSPACE;
  return locate(namespace, name, CONFIG.jurisdictions);
}

async function inObject(
  name: ObjectName,
  work: (storage: DurableObjectStorage) => void,
): Promise<void> {
  await runInDurableObject(stubOf(name), (_, { storage }) => work(storage));
}

async function rowsOfSync(): Promise<number> {
  return runInDurableObject(stubOf({ kind: "sync", syncId }), (_, { storage }) =>
    ["samples", "runs"]
      .map((table) => Number(storage.sql.exec(`SELECT count(*) AS n FROM ${table}`).one()["n"]))
      .reduce((sum, n) => sum + n, 0),
  );
}

/** Lets the deletion go on as far as it can without waiting. */
async function goOn(): Promise<void> {
  for (let i = 0; i < 3; i++) await runDurableObjectAlarm(stubOf(workspaceName()));
}

async function isGone(): Promise<boolean> {
  return runInDurableObject(
    stubOf(workspaceName()),
    (_, { storage }) =>
      storage.sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'tombstone'").toArray().length > 0,
  );
}

describe("a workspace that is being emptied", () => {
  it("removes a file of a sync whose PUT landed after its files were looked for", async () => {
    await goOn();
    s3.put(`${homeBucketUrl("eu-west-1")}/homeport-syncs/${syncId}/1/a.gz`, new Uint8Array([1]));
    nowMs += SUSPECT_MS;
    await goOn();

    expect([await isGone(), [...s3.objects.keys()]]).toEqual([true, []]);
  });

  it("empties a sync again that something wrote into meanwhile", async () => {
    await goOn();
    // The object ends itself a moment after it was emptied.
    await vi.waitFor(async () => expect(await rowsOfSync()).toBe(0));
    await inObject({ kind: "sync", syncId }, ({ sql }) => {
      sql.exec("INSERT INTO samples (number, kind, at_ms, body) VALUES (1, 'rejected', 1, x'00')");
    });
    nowMs += SUSPECT_MS;
    await goOn();

    await vi.waitFor(async () => expect(await rowsOfSync()).toBe(0));
    expect(await isGone()).toBe(true);
  });

  it("begins no run of its syncs any more", async () => {
    await goOn();
    await vi.waitFor(async () => expect(await rowsOfSync()).toBe(0));

    expect(await services.sync(syncId).trigger(RUN)).toEqual({
      ok: false,
      error: { kind: "sync-unknown" },
    });
  });

  it("says of its syncs that they are deleted, also once it is gone", async () => {
    await goOn();
    const isSyncDeleted = () => services.workspace(workspace.id).isSyncDeleted(syncId);
    const before = await isSyncDeleted();
    nowMs += SUSPECT_MS;
    await goOn();

    expect([before, await isGone(), await isSyncDeleted()]).toEqual([true, true, true]);
  });

  it("takes no request about a user, and writes none into its journal", async () => {
    await goOn();
    const { status, body } = await regulate();

    expect([status, body.code, [...s3.objects.keys()]]).toEqual([409, "leaving_begun", []]);
  });

  it("can be looked at until it is gone", async () => {
    await goOn();

    expect((await api("GET", "/workspace/leaving")).body.leaving).toMatchObject({
      state: "erasing",
      step: "late",
    });
  });

  it("completes no entry of its journal by cron", async () => {
    s3.intercept = ({ method, url }) =>
      method === "PUT" && url.includes("eu-central-1")
        ? new Response(null, { status: 503 })
        : undefined;
    await regulate();
    s3.intercept = () => undefined;
    await goOn();
    s3.requests.length = 0;
    await runInDurableObject(stubOf(workspaceName()), (object) =>
      (object as unknown as { poke(): Promise<void> }).poke(),
    );

    expect(s3.requests.filter((request) => request.includes("/regulations/"))).toEqual([]);
  });
});

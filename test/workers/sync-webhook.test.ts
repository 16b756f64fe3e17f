import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { createHmac } from "node:crypto";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { newChildId } from "../../src/core/ids.ts";
import { locate } from "../../src/region/placement.ts";
import { ALERTS_DEFAULT } from "../../src/sync/alerts/alert.ts";
import { noticeOf, noticeOfAlert, type SyncNotice } from "../../src/sync/alerts/notice.ts";
import { newRun } from "../../src/sync/run/new-run.ts";
import type { Sync, SyncId } from "../../src/sync/sync.ts";
import { call, CONFIG, ENV, makeServices, makeWorkspace } from "./support/api.ts";
import { FakeS3 } from "./support/fake-s3.ts";

const HOST = "syncs.example.com";
const SECRET = "a secret of sixteen chars";
const WEBHOOK = { url: `https://${HOST}/in`, secret: SECRET, hosts: [HOST] };

type Told = { readonly headers: Headers; readonly text: string; readonly event: unknown };

const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));

let workspace: Awaited<ReturnType<typeof makeWorkspace>>;
let syncId: SyncId;
let got: Told[];
let answer: () => Response;

beforeEach(async () => {
  got = [];
  answer = () => new Response("ok");
  new FakeS3().install().intercept = async (request) => {
    if (new URL(request.url).host !== HOST) return undefined;
    const text = await request.text();
    got.push({
      headers: request.headers,
      text,
      event: (JSON.parse(text) as Sync & { event: unknown }).event,
    });
    return answer();
  };
  workspace = await makeWorkspace("eu");
  syncId = newChildId("syn", workspace.id, random);
  await holdSync();
});

/** A sync as its workspace keeps it; what it reads from does not matter here. */
async function holdSync(): Promise<void> {
  await runInDurableObject(stub(), (_, { storage }) => {
    storage.sql.exec(
      "INSERT INTO syncs (number, id, is_deleted, body) VALUES (7, ?, 0, ?)",
      syncId,
      JSON.stringify({ id: syncId, number: 7, alerts: ALERTS_DEFAULT }),
    );
  });
}

function api(method: string, path: string, body?: unknown) {
  return call(method, path, { token: workspace.token, ...(body === undefined ? {} : { body }) });
}

function stub() {
  const name = { kind: "workspace", workspaceId: workspace.id } as const;
  return locate(ENV.WORKSPACE, name, CONFIG.jurisdictions);
}

function runOf(number: number) {
  return newRun(
    {
      kind: "sync",
      trigger: { kind: "manual", detail: undefined, scheduledForMs: undefined },
      isFull: false,
      allowDeletes: false,
      allowMassChange: false,
    },
    {
      id: newChildId("run", workspace.id, random),
      syncId,
      number,
      place: "eu",
      isBusy: false,
      nowMs: Date.now(),
    },
  );
}

async function take(...notices: readonly SyncNotice[]): Promise<void> {
  await makeServices().workspace(workspace.id).takeSyncNotices(syncId, notices);
  await runDurableObjectAlarm(stub());
}

async function arrived(count: number): Promise<void> {
  await vi.waitFor(() => expect(got.length).toBe(count));
}

describe("the webhook of syncs", () => {
  it("is told in the order in which things happened, signed over the raw body as Census does", async () => {
    await api("PUT", "/api/v1/sync-webhook", WEBHOOK);
    const run = runOf(3);
    await take(noticeOf("sync.triggered", run, 1), noticeOf("sync.started", run, 2));
    await arrived(2);

    const [first] = got;
    const signature = createHmac("sha256", SECRET)
      .update(first?.text ?? "")
      .digest("base64");
    expect(got.map(({ event }) => event)).toEqual(["sync.triggered", "sync.started"]);
    expect(first?.headers.get("x-signature")).toBe(signature);
    expect(first?.headers.get("webhook-timestamp")).toMatch(/^\d{10}$/);
    expect(JSON.parse(first?.text ?? "")).toMatchObject({
      workspace_id: workspace.id,
      sync_id: 7,
      sync_run_id: 70_000_003,
    });
  });

  it("is told again under the same id until it takes it", async () => {
    await api("PUT", "/api/v1/sync-webhook", WEBHOOK);
    answer = () => new Response("no", { status: 500 });
    await take(noticeOf("sync.started", runOf(1), 1));
    await arrived(1);
    answer = () => new Response("ok");
    await runInDurableObject(stub(), (_, { storage }) => {
      storage.sql.exec("UPDATE sync_notices SET due_at_ms = 0");
    });
    await runDurableObjectAlarm(stub());
    await arrived(2);

    const view = await api("GET", "/api/v1/sync-webhook");
    expect(new Set(got.map(({ headers }) => headers.get("webhook-id"))).size).toBe(1);
    expect(view.body.webhook.waitingNotices).toBe(0);
  });

  it("is told once of what an object tells twice before it was sent", async () => {
    await api("PUT", "/api/v1/sync-webhook", WEBHOOK);
    const notice = noticeOf("sync.started", runOf(1), 1);
    await take(notice, notice);
    await arrived(1);

    expect((await api("GET", "/api/v1/sync-webhook")).body.webhook.waitingNotices).toBe(0);
  });

  it("is told only of the events that it wants", async () => {
    await api("PUT", "/api/v1/sync-webhook", { ...WEBHOOK, events: ["sync.failed"] });
    const run = runOf(1);
    await take(noticeOf("sync.completed", run, 1), noticeOf("sync.failed", run, 1));
    await arrived(1);

    expect(got.map(({ event }) => event)).toEqual(["sync.failed"]);
  });

  it("shows its settings, never its secret, and forgets all when it is taken away", async () => {
    const set = await api("PUT", "/api/v1/sync-webhook", WEBHOOK);
    const removed = await api("DELETE", "/api/v1/sync-webhook");
    await take(noticeOf("sync.started", runOf(1), 1));

    expect(JSON.stringify(set.body)).not.toContain(SECRET);
    expect(removed.body).toEqual({ webhook: null });
    expect(got).toEqual([]);
  });

  it("says how a test went", async () => {
    await api("PUT", "/api/v1/sync-webhook", WEBHOOK);
    const tested = await api("POST", "/api/v1/sync-webhook/test");

    expect(tested.body).toEqual({ state: "delivered", code: "200" });
    expect(got.map(({ event }) => event)).toEqual(["test"]);
  });

  it("has to be at a host that was declared to be in the region", async () => {
    const refused = await api("PUT", "/api/v1/sync-webhook", {
      ...WEBHOOK,
      url: "https://elsewhere.example.com/in",
    });

    expect(refused.status).toBe(422);
  });
});

describe("an alert of a sync", () => {
  const turn = {
    type: "failure",
    instanceId: "i1",
    sinceMs: 5,
    isTold: true,
    message: "The run failed: source_gone.",
  } as const;

  it("is one of the workspace's until it is over", async () => {
    const run = runOf(1);
    await take(noticeOfAlert({ ...turn, kind: "raised" }, run, 5));
    const open = await api("GET", "/api/v1/alerts");
    await take(noticeOfAlert({ ...turn, kind: "resolved" }, run, 6));
    const over = await api("GET", "/api/v1/alerts");

    expect(open.body.data).toMatchObject([{ code: "sync_failed", subject: syncId }]);
    expect(over.body.data).toEqual([]);
  });

  it("is not raised of one that was deleted, because nobody would take it back", async () => {
    await runInDurableObject(stub(), (_, { storage }) => {
      const body = JSON.stringify({ id: syncId, number: 7, deletedAtMs: 1 });
      storage.sql.exec("UPDATE syncs SET is_deleted = 1, body = ? WHERE number = 7", body);
    });
    await take(noticeOfAlert({ ...turn, kind: "raised" }, runOf(1), 5));
    const { body } = await api("GET", "/api/v1/alerts");

    expect(body.data).toEqual([]);
  });
});

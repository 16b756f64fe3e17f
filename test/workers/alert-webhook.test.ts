import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { beforeEach, describe, expect, it, vi } from "vitest";

import type { SourceId } from "../../src/core/ids.ts";
import { locate } from "../../src/region/placement.ts";
import { RECOVERED_MS } from "../../src/workspace/alert-notices.ts";
import { SILENT_MS } from "../../src/workspace/alerts.ts";
import { call, CONFIG, ENV, makeServices, makeWorkspace } from "./support/api.ts";
import { FakeS3 } from "./support/fake-s3.ts";

const HOST = "alerts.example.com";
const SECRET = "a secret of sixteen chars";
const WEBHOOK = { url: `https://${HOST}/in`, secret: SECRET, hosts: [HOST] };
const EU1_0 = { ingestRegion: "eu1", shard: 0 } as const;

type Notice = { readonly id: string; readonly body: Readonly<Record<string, unknown>> };

let workspace: Awaited<ReturnType<typeof makeWorkspace>>;
let sourceId: SourceId;
let got: Notice[];
let answer: () => Response | Promise<Response>;

beforeEach(async () => {
  got = [];
  answer = () => new Response("ok");
  new FakeS3().install().intercept = async (request) => {
    if (new URL(request.url).host !== HOST) return undefined;
    const id = request.headers.get("webhook-id") ?? "";
    got.push({ id, body: await request.json() });
    return answer();
  };
  workspace = await makeWorkspace("eu");
  const made = await api("POST", "/api/v1/sources", { name: "web" });
  sourceId = made.body.source.id as SourceId;
});

function api(method: string, path: string, body?: unknown) {
  return call(method, path, { token: workspace.token, ...(body === undefined ? {} : { body }) });
}

function setWebhook(changes: Readonly<Record<string, unknown>> = {}) {
  return api("PUT", "/api/v1/alerts/webhook", { ...WEBHOOK, ...changes });
}

function port() {
  return makeServices().workspace(workspace.id);
}

function stub() {
  const name = { kind: "workspace", workspaceId: workspace.id } as const;
  return locate(ENV.WORKSPACE, name, CONFIG.jurisdictions);
}

/** Cron comes, as if that much time had passed. */
async function poke(ms = 0): Promise<void> {
  const now = Date.now() + ms;
  vi.spyOn(Date, "now").mockReturnValue(now);
  await port().poke();
}

async function arrived(count: number): Promise<void> {
  await vi.waitFor(() => expect(got.length).toBe(count));
}

function told(): readonly string[] {
  return got.map(({ body }) => `${String(body["state"])} ${String(body["code"])}`);
}

describe("an alert webhook", () => {
  it("is told when an alert begins and when it is over, once each", async () => {
    await setWebhook();
    await port().raiseAlert("archive_lag", "queue", sourceId, 0);
    await poke();
    await poke(60_000);
    await port().clearAlert("archive_lag", "queue");
    await poke();
    await poke(RECOVERED_MS);
    await arrived(2);

    expect(told()).toEqual(["open archive_lag", "recovered archive_lag"]);
  });

  it("is told what it is about, in ids of ours", async () => {
    await setWebhook();
    await port().raiseAlert("archive_lag", "queue", sourceId, 0);
    await poke();
    await arrived(1);

    expect(got[0]?.body).toMatchObject({
      type: "alert",
      workspaceId: workspace.id,
      region: "eu",
      subject: sourceId,
      count: 1,
    });
  });

  it("is told what is open when it is set", async () => {
    await port().raiseAlert("archive_lag", "queue", sourceId, 0);

    await setWebhook();

    expect(told()).toEqual(["open archive_lag"]);
  });

  it("is told of the codes that it names, and of no other", async () => {
    await port().raiseAlert("archive_lag", "queue", sourceId, 0);
    await port().raiseAlert("replay_failed", "replay", sourceId, 0);

    await setWebhook({ codes: ["replay_failed"] });

    expect(told()).toEqual(["open replay_failed"]);
  });

  it("is told again, under the same id, until it takes a notice", async () => {
    answer = () => new Response("", { status: 503 });
    await setWebhook();
    await port().raiseAlert("archive_lag", "queue", sourceId, 0);
    await poke();
    await arrived(1);
    answer = () => new Response("ok");

    await poke(60_000);
    await arrived(2);

    expect(got[1]?.id).toBe(got[0]?.id);
  });

  it("is told again by the alarm when the object died before it noted that it was told", async () => {
    await setWebhook();
    await port().raiseAlert("archive_lag", "queue", sourceId, 0);
    answer = async () => {
      await runInDurableObject(stub(), (_, { storage }) => storage.sync());
      return new Promise(() => undefined);
    };
    await runInDurableObject(stub(), (object) => {
      (object as unknown as { notices: { look(nowMs: number): void } }).notices.look(Date.now());
    });
    await port().poke();
    await arrived(1);
    await runInDurableObject(stub(), (_, state) => state.abort("killed")).catch(() => undefined);
    answer = () => new Response("ok");

    await runDurableObjectAlarm(stub());

    expect(got.map(({ id }) => id)).toEqual([got[0]?.id, got[0]?.id]);
  });

  it("tells nobody any more once it is taken away", async () => {
    await setWebhook();
    await api("DELETE", "/api/v1/alerts/webhook");
    await port().raiseAlert("archive_lag", "queue", sourceId, 0);

    await poke();

    expect((await api("GET", "/api/v1/alerts/webhook")).body).toEqual({ webhook: null });
    expect(got).toEqual([]);
  });

  it("never shows its secret", async () => {
    const set = await setWebhook();
    const shown = await api("GET", "/api/v1/alerts/webhook");

    expect(JSON.stringify([set.body, shown.body])).not.toContain(SECRET);
  });

  it("keeps its secret when it is changed without one", async () => {
    await setWebhook();
    await api("PUT", "/api/v1/alerts/webhook", { url: WEBHOOK.url, hosts: [HOST] });
    await evictDurableObject(stub());

    const tested = await api("POST", "/api/v1/alerts/webhook/test");

    expect(tested.body).toEqual({ state: "delivered", code: "200" });
  });

  it.each([
    ["at a host that was not declared", { hosts: ["other.example.com"] }],
    ["without https", { url: "http://alerts.example.com/in" }],
    ["at a private address", { url: "https://10.0.0.1/in", hosts: ["10.0.0.1"] }],
  ])("is refused, or never reached, %s", async (_, changes) => {
    await setWebhook(changes);

    await api("POST", "/api/v1/alerts/webhook/test");

    expect(got).toEqual([]);
  });

  it("is shown in the evidence as the workspace's own statement", async () => {
    await setWebhook();
    await api("POST", "/api/v1/alerts/webhook/test");

    await runDurableObjectAlarm(stub());

    const { body } = await api("GET", "/api/v1/residency");
    expect(body.hosts).toContainEqual(
      expect.objectContaining({ host: HOST, purpose: "alert:webhook", level: "declared" }),
    );
  });
});

describe("GET /api/v1/alerts", () => {
  it("names a source that has been silent for a day", async () => {
    await port().queueFilled(sourceId, EU1_0);
    await port().queueDrained(sourceId, EU1_0);
    vi.spyOn(Date, "now").mockReturnValue(Date.now() + SILENT_MS);

    const { body } = await api("GET", "/api/v1/alerts");

    expect(body.data).toMatchObject([{ code: "source_silent", subject: sourceId }]);
  });

  it.each([
    ["that sends again", () => port().queueFilled(sourceId, EU1_0)],
    ["that is switched off", () => api("PATCH", `/api/v1/sources/${sourceId}`, { enabled: false })],
  ])("does not name one %s", async (_, act) => {
    await port().queueFilled(sourceId, EU1_0);
    await port().queueDrained(sourceId, EU1_0);
    await act();
    vi.spyOn(Date, "now").mockReturnValue(Date.now() + SILENT_MS);

    expect((await api("GET", "/api/v1/alerts")).body.data).toEqual([]);
  });
});

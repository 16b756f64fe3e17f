import { evictDurableObject, runDurableObjectAlarm } from "cloudflare:test";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { concatBytes } from "../../src/core/bytes.ts";
import type { DestinationId, SourceId } from "../../src/core/ids.ts";
import { locate } from "../../src/region/placement.ts";
import { appendOf } from "../support/appends.ts";
import { call, CONFIG, ENV, makeServices, makeWorkspace } from "./support/api.ts";
import { FakeS3 } from "./support/fake-s3.ts";

const HOST = "sink.example.com";
const EU1_0 = { ingestRegion: "eu1", shard: 0 } as const;

/** What the stand-in for the vendor's server got, and how it answers. */
type Got = { readonly key: string; readonly body: Record<string, unknown> };
let got: Got[];
let answer: (event: Record<string, unknown>) => Response | Promise<Response>;

const encoder = new TextEncoder();
const services = makeServices();
let token: string;
let sourceId: SourceId;
let destinationId: DestinationId;
let s3: FakeS3;

beforeEach(async () => {
  got = [];
  answer = () => new Response("ok");
  s3 = new FakeS3().install();
  s3.intercept = async (request) => {
    if (new URL(request.url).host !== HOST) return undefined;
    const key = request.headers.get("idempotency-key") ?? "";
    const body = (await request.json()) as Record<string, unknown>;
    got.push({ key, body });
    return answer(body);
  };
  const workspace = await makeWorkspace("eu");
  token = workspace.token;
  const made = await call("POST", "/api/v1/sources", { token, body: { name: "web" } });
  sourceId = made.body.source.id as SourceId;
  destinationId = await addDestination();
});

async function addDestination(changes: Record<string, unknown> = {}): Promise<DestinationId> {
  const made = await call("POST", "/api/v1/destinations", {
    token,
    body: {
      name: "Sink",
      slug: "webhook",
      sourceId,
      settings: { url: `https://${HOST}/in`, secret: "a secret of sixteen chars" },
      hosts: [HOST],
      ...changes,
    },
  });
  expect(made.status, JSON.stringify(made.body)).toBe(201);
  return made.body.destination.id as DestinationId;
}

function append(ids: readonly string[]) {
  const queue = services.queue(sourceId, EU1_0);
  const lines = ids.map((id) =>
    encoder.encode(
      `${JSON.stringify({ receivedAt: new Date().toISOString(), type: "track", messageId: id, userId: id.split("-")[0] })}\n`,
    ),
  );
  let end = 0;
  return queue.append(
    appendOf(ids, {
      receivedAtMs: Date.now(),
      lines: concatBytes(lines),
      ends: Uint32Array.from(lines, (line) => (end += line.length)),
    }),
  );
}

function lane(id = destinationId) {
  const name = { kind: "lane", destinationId: id, sourceId, ...EU1_0 } as const;
  return locate(ENV.DELIVERY_LANE, name, CONFIG.jurisdictions);
}

function ids(): unknown[] {
  return got.map(({ body }) => body["messageId"]);
}

async function deliveredUpTo(count: number): Promise<void> {
  await vi.waitFor(() => expect(ids().length).toBeGreaterThanOrEqual(count), { timeout: 10_000 });
}

/** Lets the lane's alarm find everything due, as if that time had passed. */
async function pass(ms: number, id = destinationId): Promise<void> {
  const now = Date.now() + ms;
  vi.spyOn(Date, "now").mockReturnValue(now);
  await runDurableObjectAlarm(lane(id));
}

async function letters() {
  const found = await call("GET", `/api/v1/destinations/${destinationId}/dead-letters`, { token });
  return found.body.data as readonly Record<string, unknown>[];
}

function keysInBucket(): readonly string[] {
  return [...s3.objects.keys()].filter((url) => url.includes("/dead-letters/"));
}

const rejecting = (): Response => new Response("no", { status: 400 });

describe("DeliveryLane", () => {
  it("delivers what is accepted after its destination was switched on", async () => {
    await append(["a", "b"]);

    await deliveredUpTo(2);

    expect(ids().toSorted()).toEqual(["a", "b"]);
  });

  it("delivers nothing that was accepted before", async () => {
    await append(["old"]);
    await deliveredUpTo(1);
    got = [];
    const late = await addDestination({ name: "Late" });
    await append(["new"]);
    await deliveredUpTo(2);

    expect(ids()).toEqual(["new", "new"]);
    expect(late).not.toBe(destinationId);
  });

  it("goes on after an eviction where it was", async () => {
    await append(["a"]);
    await deliveredUpTo(1);
    await vi.waitFor(async () => expect((await lane().status()).position).toBe(1));
    await evictDurableObject(lane());
    await append(["b"]);

    await deliveredUpTo(2);

    expect(ids()).toEqual(["a", "b"]);
  });

  it("tries again under the same key, also after an eviction", async () => {
    answer = () => new Response("", { status: got.length <= 2 ? 503 : 200 });
    await append(["a"]);
    await vi.waitFor(async () => expect((await lane().status()).waitingEvents).toBe(1));
    await evictDurableObject(lane());

    await vi.waitFor(async () => {
      await pass(3_000);
      expect(got.length).toBeGreaterThanOrEqual(3);
    });
    expect(new Set(got.map(({ key }) => key)).size).toBe(1);
    await vi.waitFor(async () => expect((await lane().status()).waitingEvents).toBe(0));
  });

  it("waits as long as the destination asks for", async () => {
    answer = () => new Response("", { status: 429, headers: { "retry-after": "600" } });
    await append(["a"]);
    await vi.waitFor(async () => expect((await lane().status()).waitingEvents).toBe(1));

    await pass(590_000);

    expect(got).toHaveLength(1);
  });

  it("is not woken again and again by events of a destination that is off", async () => {
    await call("PATCH", `/api/v1/destinations/${destinationId}`, {
      token,
      body: { enabled: false },
    });
    await append(["a"]);
    await pass(60_000);

    expect(got).toEqual([]);
  });

  it("takes a destination off that is deleted, with what waits for it", async () => {
    answer = () => new Response("", { status: 503 });
    await append(["a"]);
    await vi.waitFor(async () => expect((await lane().status()).waitingEvents).toBe(1));
    await call("DELETE", `/api/v1/destinations/${destinationId}`, { token });

    await pass(60_000);

    expect((await lane().status()).waitingEvents).toBe(0);
  });

  it("reads archive files once the log is dropped", async () => {
    const now = Date.now();
    const clock = vi.spyOn(Date, "now").mockReturnValue(now);
    answer = () => new Response("", { status: 503, headers: { "retry-after": "86400" } });
    await append(["first"]);
    await vi.waitFor(async () => expect((await lane().status()).waitingEvents).toBe(1));
    for (let hour = 1; hour <= 15; hour++) {
      clock.mockReturnValue(now + hour * 3_600_000);
      await services.queue(sourceId, EU1_0).poke();
      await append([`hour-${hour}`]);
      await services.queue(sourceId, EU1_0).poke();
    }
    s3.requests.length = 0;
    answer = () => new Response("ok");
    got = [];

    clock.mockReturnValue(now + 25 * 3_600_000);
    await runDurableObjectAlarm(lane());
    await deliveredUpTo(16);

    expect(new Set(ids()).size).toBe(16);
    expect(s3.requests.filter((request) => request.startsWith("GET")).length).toBeGreaterThan(0);
  });
});

describe("dead letters", () => {
  beforeEach(async () => {
    answer = rejecting;
    await append(["a", "b"]);
    await vi.waitFor(async () => expect((await lane().status()).deadLetters).toBe(2));
  });

  it("are listed by code before and after they are in the bucket", async () => {
    expect(await letters()).toMatchObject([{ code: "400", events: 2, state: "gathering" }]);

    await pass(31_000);

    expect(await letters()).toMatchObject([{ code: "400", events: 2, state: "stored" }]);
    expect(keysInBucket()).toHaveLength(1);
  });

  it("stay in the lane while no bucket takes them", async () => {
    const before = s3.intercept;
    s3.intercept = (request) =>
      request.url.includes("/dead-letters/") ? new Response("", { status: 503 }) : before(request);

    await pass(31_000);
    s3.intercept = before;
    await pass(31_000);

    expect(keysInBucket()).toHaveLength(1);
    expect((await lane().status()).deadLetters).toBe(2);
  });

  it("are shown with their events to who may read events", async () => {
    await pass(31_000);

    const found = await call("POST", `/api/v1/destinations/${destinationId}/dead-letters/search`, {
      token,
      body: { code: "400" },
    });

    expect(found.body.data).toMatchObject([
      { code: "400", reason: "rejected", attempts: 1, event: { messageId: "a" } },
      { event: { messageId: "b" } },
    ]);
  });

  it.each([
    ["from the lane", 0],
    ["from the bucket", 31_000],
  ])("are sent again by one call, %s", async (_, ms) => {
    if (ms > 0) await pass(ms);
    answer = () => new Response("ok");
    got = [];

    const redriven = await call(
      "POST",
      `/api/v1/destinations/${destinationId}/dead-letters/redrive`,
      { token, body: { code: "400" } },
    );
    await deliveredUpTo(2);
    await vi.waitFor(() => expect(keysInBucket()).toEqual([]));

    expect(redriven.body).toEqual({ events: 2 });
    expect(ids().toSorted()).toEqual(["a", "b"]);
    expect(await letters()).toEqual([]);
  });

  it("show what failed last", async () => {
    const { body } = await call("GET", `/api/v1/destinations/${destinationId}/last-failure`, {
      token,
    });

    expect(body.failure).toMatchObject({ code: "400", attempts: 1 });
  });
});

describe("GET /api/v1/metrics", () => {
  it("counts deliveries by step and code, once however often they are told", async () => {
    answer = (event) => (event["messageId"] === "bad" ? rejecting() : new Response("ok"));
    await append(["a", "bad", "b"]);
    await deliveredUpTo(3);
    await vi.waitFor(async () => expect((await lane().status()).position).toBe(3));
    await pass(11_000);
    await pass(11_000);

    const { body } = await call("GET", "/api/v1/metrics?granularity=hour", { token });

    const steps = body.data.map((row: Record<string, unknown>) => [
      row["step"],
      row["code"],
      row["count"],
    ]);
    expect(steps.toSorted()).toEqual([
      ["failed-delivery", "400", 1],
      ["successful-delivery", "200", 2],
    ]);
    expect(body.destinations).toMatchObject([{ destinationId, deadLetters: 1 }]);
  });

  it("raises an alert for what could not be delivered", async () => {
    answer = rejecting;
    await append(["a"]);
    await deliveredUpTo(1);
    await vi.waitFor(async () => expect((await lane().status()).position).toBe(1));
    await pass(11_000);

    const { body } = await call("GET", "/api/v1/alerts", { token });

    expect(body.data).toMatchObject([{ code: "delivery_failed", count: 1 }]);
  });
});

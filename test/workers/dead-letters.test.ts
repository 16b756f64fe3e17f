import { beforeEach, describe, expect, it, vi } from "vitest";

import { call } from "./support/api.ts";
import { Sink } from "./support/sink.ts";

let sink: Sink;

beforeEach(async () => {
  sink = await Sink.open();
});

/** SUSPECT_SECONDS as it is by default. */
const SUSPECT_MS = 1_200_000;

function lane() {
  const { destinationId, sourceId } = sink;
  return sink.services.lane({ destinationId, sourceId, ingestRegion: "eu1", shard: 0 });
}

async function letters() {
  const path = `/api/v1/destinations/${sink.destinationId}/dead-letters`;
  const found = await call("GET", path, { token: sink.token });
  return found.body.data as readonly Record<string, unknown>[];
}

function keysInBucket(): readonly string[] {
  return [...sink.s3.objects.keys()].filter((url) => url.includes("/dead-letters/"));
}

const rejecting = (): Response => new Response("no", { status: 400 });

describe("dead letters", () => {
  beforeEach(async () => {
    sink.answer = rejecting;
    await sink.append(["a", "b"]);
    await vi.waitFor(async () => expect((await sink.status()).deadLetters).toBe(2));
  });

  it("are listed by code before and after they are in the bucket", async () => {
    expect(await letters()).toMatchObject([{ code: "400", events: 2, state: "gathering" }]);

    await sink.pass(31_000);

    expect(await letters()).toMatchObject([{ code: "400", events: 2, state: "stored" }]);
    expect(keysInBucket()).toHaveLength(1);
  });

  it("stay in the lane while no bucket takes them", async () => {
    const before = sink.s3.intercept;
    sink.s3.intercept = (request) =>
      request.url.includes("/dead-letters/") ? new Response("", { status: 503 }) : before(request);

    await sink.pass(31_000);
    sink.s3.intercept = before;
    await sink.pass(31_000);

    expect(keysInBucket()).toHaveLength(1);
    expect((await sink.status()).deadLetters).toBe(2);
  });

  it("are removed once they are older than the source keeps files", async () => {
    await sink.pass(31_000);
    await sink.pass(366 * 86_400_000);

    expect([keysInBucket(), await letters()]).toEqual([[], []]);
  });

  it("are kept for as long as the source keeps files", async () => {
    await sink.pass(31_000);
    await sink.pass(364 * 86_400_000);

    expect(keysInBucket()).toHaveLength(1);
  });

  it("are shown with their events to who may read events", async () => {
    await sink.pass(31_000);

    const found = await call(
      "POST",
      `/api/v1/destinations/${sink.destinationId}/dead-letters/search`,
      {
        token: sink.token,
        body: { code: "400" },
      },
    );

    expect(found.body.data).toMatchObject([
      { code: "400", reason: "rejected", attempts: 1, event: { messageId: "a" } },
      { event: { messageId: "b" } },
    ]);
  });

  it.each([
    ["from the lane", 0],
    ["from the bucket", 31_000],
  ])("are sent again by one call, %s", async (_, ms) => {
    if (ms > 0) await sink.pass(ms);
    sink.answer = () => new Response("ok");
    sink.got = [];

    const redriven = await call(
      "POST",
      `/api/v1/destinations/${sink.destinationId}/dead-letters/redrive`,
      { token: sink.token, body: { code: "400" } },
    );
    await sink.arrived(2);
    await vi.waitFor(() => expect(keysInBucket()).toEqual([]));

    expect(redriven.body).toEqual({ events: 2 });
    expect(new Set(sink.ids())).toEqual(new Set(["a", "b"]));
    expect(await letters()).toEqual([]);
  });

  it("are not in a bucket again once they were sent again, though a PUT of them lands late", async () => {
    const lost = sink.s3.loseNextPut("/dead-letters/");
    await vi.waitFor(async () => {
      await sink.pass(31_000);
      expect(lost.isSent()).toBe(true);
    });
    sink.answer = () => new Response("ok");
    await lane().redrive();
    await vi.waitFor(async () => {
      await sink.pass(62_000);
      expect((await sink.status()).deadLetters).toBe(0);
    });
    await lost.land();
    await sink.pass(62_000 + SUSPECT_MS);

    expect(await lane().searchDeadLetters({ limit: 10 })).toEqual([]);
    expect(keysInBucket()).toEqual([]);
  });

  it("show what failed last", async () => {
    const { body } = await call("GET", `/api/v1/destinations/${sink.destinationId}/last-failure`, {
      token: sink.token,
    });

    expect(body.failure).toMatchObject({ code: "400", attempts: 1 });
  });
});

describe("GET /api/v1/metrics", () => {
  it("counts deliveries by step and code, once however often they are told", async () => {
    sink.answer = (event) => (event["messageId"] === "bad" ? rejecting() : new Response("ok"));
    await sink.append(["a", "bad", "b"]);
    await sink.arrived(3);
    await vi.waitFor(async () => expect((await sink.status()).position).toBe(3));
    await sink.pass(11_000);
    await sink.pass(11_000);

    const { body } = await call("GET", "/api/v1/metrics?granularity=hour", { token: sink.token });

    const steps = body.data.map((row: Record<string, unknown>) => [
      row["step"],
      row["code"],
      row["count"],
    ]);
    expect(new Set(steps.map(String))).toEqual(
      new Set(["failed-delivery,400,1", "successful-delivery,200,2"]),
    );
    expect(body.destinations).toMatchObject([
      { destinationId: sink.destinationId, deadLetters: 1 },
    ]);
  });

  it("raises an alert for what could not be delivered", async () => {
    sink.answer = rejecting;
    await sink.append(["a"]);
    await sink.arrived(1);
    await vi.waitFor(async () => expect((await sink.status()).position).toBe(1));
    await sink.pass(11_000);

    const { body } = await call("GET", "/api/v1/alerts", { token: sink.token });

    expect(body.data).toMatchObject([{ code: "delivery_failed", count: 1 }]);
  });
});

import { describe, expect, it } from "vitest";

import { TestTracking, track } from "../../support/tracking.ts";
import { routeOf } from "../../support/source-configs.ts";

const BATCH = { batch: Array.from({ length: 20 }, (_, i) => track({ userId: `u${i}` })) };

describe("appendEvents()", () => {
  it("hands each shard its own events", async () => {
    const tracking = new TestTracking({ source: { route: routeOf({ shards: 4 }) } });

    await tracking.post("/v1/batch", BATCH);

    expect(new Set(tracking.appends.map(({ ref }) => ref.shard))).toEqual(new Set([0, 1, 2, 3]));
    expect(tracking.events).toHaveLength(20);
  });

  it("follows a source whose shards were raised, and teaches the route", async () => {
    const route = routeOf({ n: 2, shards: 4 });
    const tracking = new TestTracking({
      answer: ({ epoch, ends }) =>
        epoch === 1
          ? { kind: "moved", route }
          : { kind: "accepted", accepted: ends.length, duplicates: 0 },
    });

    const response = await tracking.post("/v1/batch", BATCH);

    expect([response.status, tracking.learned]).toEqual([200, [2]]);
    expect(tracking.appends.map(({ ref, append }) => [ref.shard, append.epoch])).toEqual([
      [expect.any(Number), 2],
      [expect.any(Number), 2],
      [expect.any(Number), 2],
      [expect.any(Number), 2],
    ]);
    expect(tracking.events).toHaveLength(20);
  });

  it("sends only the events of a shard that moved again", async () => {
    const route = routeOf({ n: 2, shards: 2 });
    const tracking = new TestTracking({
      source: { route: routeOf({ shards: 2 }) },
      answer: ({ epoch, ends }, { shard }) =>
        epoch === 1 && shard === 1
          ? { kind: "moved", route }
          : { kind: "accepted", accepted: ends.length, duplicates: 0 },
    });

    await tracking.post("/v1/batch", BATCH);

    expect(tracking.appends.map(({ ref, append }) => [ref.shard, append.epoch])).toEqual([
      [0, 1],
      [1, 2],
    ]);
    expect(tracking.events).toHaveLength(20);
  });

  it("gives up a route that keeps moving, and the client keeps its data", async () => {
    let n = 1;
    const tracking = new TestTracking({
      answer: () => ({ kind: "moved", route: routeOf({ n: ++n }) }),
    });

    const response = await tracking.post("/v1/batch", BATCH);

    expect([response.status, tracking.learned.length]).toEqual([503, 4]);
  });

  it("answers 503 when one of several queues cannot take its part", async () => {
    const tracking = new TestTracking({
      source: { route: routeOf({ shards: 4 }) },
      answer: ({ ends }, { shard }) => {
        if (shard === 0) return { kind: "refused", code: "source_disabled" };
        if (shard === 1) return { kind: "rate-limited", retryAfterMs: 1000 };
        if (shard === 2) return { kind: "unavailable", reason: "memory", retryAfterMs: 3000 };
        return { kind: "accepted", accepted: ends.length, duplicates: 0 };
      },
    });

    const response = await tracking.post("/v1/batch", BATCH);

    expect([response.status, response.headers.get("Retry-After")]).toEqual([503, "3"]);
  });

  it("counts what was refused at one queue only", async () => {
    const tracking = new TestTracking({ source: { route: routeOf({ shards: 4 }) } });

    await tracking.post("/v1/batch", { batch: [...BATCH.batch, { type: "track" }] });

    expect(tracking.refused).toEqual({ no_user_anon_id: 1 });
  });
});

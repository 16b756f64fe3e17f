import { evictDurableObject, runDurableObjectAlarm } from "cloudflare:test";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { ReadAccount } from "../../src/deliver/lane/read-account.ts";
import { call } from "./support/api.ts";
import { Sink } from "./support/sink.ts";

let sink: Sink;

beforeEach(async () => {
  sink = await Sink.open();
});

describe("DeliveryLane", () => {
  it("delivers what is accepted after its destination was switched on", async () => {
    await sink.append(["a", "b"]);

    await sink.arrived(2);

    expect(new Set(sink.ids())).toEqual(new Set(["a", "b"]));
  });

  it("delivers every event once, in smaller steps, while the isolate's lanes hold much", async () => {
    const others = new ReadAccount();
    others.hold(9_000_000);
    const ids = Array.from({ length: 250 }, (_, i) => `event-${i}`);
    await sink.append(ids);

    await sink.arrived(250);
    await vi.waitFor(async () => expect((await sink.status()).position).toBe(250));
    others.hold(0);

    expect(sink.ids().toSorted()).toEqual(ids.toSorted());
  });

  it("delivers nothing that was accepted before", async () => {
    await sink.append(["old"]);
    await sink.arrived(1);
    sink.got = [];
    const late = await sink.connect({ name: "Late" });
    await sink.append(["new"]);
    await sink.arrived(2);

    expect(sink.ids()).toEqual(["new", "new"]);
    expect(late).not.toBe(sink.destinationId);
  });

  it("goes on after an eviction where it was", async () => {
    await sink.append(["a"]);
    await sink.arrived(1);
    await vi.waitFor(async () => expect((await sink.status()).position).toBe(1));
    await evictDurableObject(sink.stub());
    await sink.append(["b"]);

    await sink.arrived(2);

    expect(sink.ids()).toEqual(["a", "b"]);
  });

  it("tries again under the same key, also after an eviction", async () => {
    sink.answer = () => new Response("", { status: sink.got.length <= 2 ? 503 : 200 });
    await sink.append(["a"]);
    await vi.waitFor(async () => expect((await sink.status()).waitingEvents).toBe(1));
    await evictDurableObject(sink.stub());

    await vi.waitFor(async () => {
      await sink.pass(3_000);
      expect(sink.got.length).toBeGreaterThanOrEqual(3);
    });
    expect(new Set(sink.got.map(({ key }) => key)).size).toBe(1);
    await vi.waitFor(async () => expect((await sink.status()).waitingEvents).toBe(0));
  });

  it("waits as long as the destination asks for", async () => {
    sink.answer = () => new Response("", { status: 429, headers: { "retry-after": "600" } });
    await sink.append(["a"]);
    await vi.waitFor(async () => expect((await sink.status()).waitingEvents).toBe(1));

    await sink.pass(590_000);

    expect(sink.got).toHaveLength(1);
  });

  it("is not woken again and again by events of a destination that is off", async () => {
    await call("PATCH", `/api/v1/destinations/${sink.destinationId}`, {
      token: sink.token,
      body: { enabled: false },
    });
    await sink.append(["a"]);
    await sink.pass(60_000);

    expect(sink.got).toEqual([]);
  });

  it("takes a destination off that is deleted, with what waits for it", async () => {
    sink.answer = () => new Response("", { status: 503 });
    await sink.append(["a"]);
    await vi.waitFor(async () => expect((await sink.status()).waitingEvents).toBe(1));
    await call("DELETE", `/api/v1/destinations/${sink.destinationId}`, { token: sink.token });

    await sink.pass(60_000);

    expect((await sink.status()).waitingEvents).toBe(0);
  });

  it("reads archive files once the log is dropped", async () => {
    const now = Date.now();
    const clock = vi.spyOn(Date, "now").mockReturnValue(now);
    sink.answer = () => new Response("", { status: 503, headers: { "retry-after": "86400" } });
    await sink.append(["first"]);
    await vi.waitFor(async () => expect((await sink.status()).waitingEvents).toBe(1));
    for (let hour = 1; hour <= 15; hour++) {
      clock.mockReturnValue(now + hour * 3_600_000);
      await sink.queue().poke();
      await sink.append([`hour-${hour}`]);
      await sink.queue().poke();
    }
    sink.s3.requests.length = 0;
    sink.answer = () => new Response("ok");
    sink.got = [];

    clock.mockReturnValue(now + 25 * 3_600_000);
    await runDurableObjectAlarm(sink.stub());
    await sink.arrived(16);

    expect(new Set(sink.ids()).size).toBe(16);
    expect(sink.s3.requests.filter((request) => request.startsWith("GET")).length).toBeGreaterThan(
      0,
    );
  });
});

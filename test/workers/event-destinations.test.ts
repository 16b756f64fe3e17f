import { runDurableObjectAlarm } from "cloudflare:test";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { workspaceOf } from "../../src/core/ids.ts";
import { sipHash128, sipKey } from "../../src/core/siphash.ts";
import { fingerprintText } from "../../src/ingest/event-hashes.ts";
import { locate } from "../../src/region/placement.ts";
import { appendOf } from "../support/appends.ts";
import { call, CONFIG, ENV, makeServices } from "./support/api.ts";
import { Sink } from "./support/sink.ts";

let sink: Sink;

beforeEach(async () => {
  sink = await Sink.open();
});

/** Appends an event as the Worker does, with the fingerprint that it is found by. */
async function accept(messageId: string): Promise<void> {
  const workspace = sink.services.workspace(workspaceOf(sink.sourceId));
  const config = await workspace.sourceConfig(sink.sourceId);
  const prints = new Uint8Array(16);
  sipHash128(sipKey(config?.fingerprintKey ?? ""), fingerprintText(messageId), prints, 0);
  const receivedAt = new Date().toISOString();
  const event = { receivedAt, type: "track", messageId, userId: messageId.split("-")[0] };
  const lines = new TextEncoder().encode(`${JSON.stringify(event)}\n`);
  const ends = Uint32Array.of(lines.byteLength);
  const append = appendOf([messageId], { receivedAtMs: Date.now(), lines, ends, prints });
  expect(await sink.queue().append(append)).toMatchObject({ accepted: 1 });
}

async function find(messageId: string) {
  const workspace = sink.services.workspace(workspaceOf(sink.sourceId));
  const config = await workspace.sourceConfig(sink.sourceId);
  if (config === undefined) throw new Error("Cannot test: the source is not there");
  const services = makeServices({ sourceConfig: async () => ({ kind: "found", config }) });
  const path = `/api/v1/sources/${sink.sourceId}/events/${messageId}`;
  return (await call("GET", path, { token: sink.token, services })).body;
}

async function atDestination(messageId: string) {
  return (await find(messageId)).destinations[0];
}

async function passed(position: number): Promise<void> {
  await vi.waitFor(async () => expect((await sink.status()).position).toBe(position));
}

describe("GET /api/v1/sources/:id/events/:messageId", () => {
  it("says of an event that it was delivered", async () => {
    await accept("u1-a");
    await passed(1);

    expect(await atDestination("u1-a")).toMatchObject({
      destinationId: sink.destinationId,
      state: "delivered",
      code: null,
    });
  });

  it("says of one that waits why, and when it is tried again", async () => {
    sink.answer = () => new Response("", { status: 503 });
    await accept("u1-a");
    await vi.waitFor(async () => expect((await sink.status()).waitingEvents).toBe(1));

    expect(await atDestination("u1-a")).toMatchObject({
      state: "waiting",
      code: "503",
      attempts: expect.any(Number),
      nextAttemptAt: expect.stringMatching(/Z$/),
    });
  });

  it("says of a dead letter why", async () => {
    sink.answer = () => new Response("", { status: 400 });
    await accept("u1-a");
    await passed(1);

    expect(await atDestination("u1-a")).toMatchObject({
      state: "dead-letter",
      code: "400",
      attempts: 1,
      deadLetterFile: null,
    });
  });

  it("names the file of a dead letter that is stored", async () => {
    sink.answer = () => new Response("", { status: 400 });
    await accept("u1-a");
    await passed(1);
    await vi.waitFor(async () => {
      await sink.pass(31_000);
      const { destinationId, sourceId } = sink;
      const lane = sink.services.lane({ destinationId, sourceId, ingestRegion: "eu1", shard: 0 });
      expect((await lane.deadLetters()).map(({ state }) => state)).toEqual(["stored"]);
    });

    expect((await atDestination("u1-a")).deadLetterFile).toContain("/dead-letters/");
  });

  it("does not say delivered of one beside which others were filtered", async () => {
    await call("POST", `/api/v1/destinations/${sink.destinationId}/filters`, {
      token: sink.token,
      body: { title: "none of u2", if: "userId = 'u2'", actions: [{ type: "DROP" }] },
    });
    await accept("u1-a");
    await accept("u2-a");
    await passed(2);

    expect([await atDestination("u1-a"), await atDestination("u2-a")]).toMatchObject([
      { state: "settled" },
      { state: "settled" },
    ]);
  });

  it("says of an event that came before the destination that it was not sent since", async () => {
    await accept("u1-a");
    await passed(1);
    const later = await sink.connect({ name: "Later" });
    await accept("u1-b");
    await sink.arrived(3);

    const { destinations } = await find("u1-a");

    expect(destinations).toMatchObject([
      { state: "delivered" },
      { destinationId: later, state: "before-switched-on" },
    ]);
  });

  it("says nothing of a destination that is switched off", async () => {
    await accept("u1-a");
    await passed(1);
    const path = `/api/v1/destinations/${sink.destinationId}`;
    await call("PATCH", path, { token: sink.token, body: { enabled: false } });

    expect(await atDestination("u1-a")).toMatchObject({
      state: "unknown",
      code: "destination_off",
    });
  });

  it("says it of an event that is archived", async () => {
    await accept("u1-a");
    await passed(1);
    const name = { kind: "queue", sourceId: sink.sourceId, ingestRegion: "eu1", shard: 0 } as const;
    const queue = locate(ENV.INGEST_QUEUE, name, CONFIG.jurisdictions);
    vi.spyOn(Date, "now").mockReturnValue(Date.now() + 2 * 3_600_000);
    await runDurableObjectAlarm(queue);
    await runDurableObjectAlarm(queue);

    const found = await find("u1-a");

    expect(found).toMatchObject({ state: "archived", destinations: [{ state: "delivered" }] });
  });
});

import { evictDurableObject } from "cloudflare:test";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { call } from "./support/api.ts";
import { Sink } from "./support/sink.ts";

let sink: Sink;

beforeEach(async () => {
  sink = await Sink.open();
});

function lane() {
  const { destinationId, sourceId } = sink;
  return sink.services.lane({ destinationId, sourceId, ingestRegion: "eu1", shard: 0 });
}

async function suppress(userId: string): Promise<void> {
  const made = await call("POST", "/api/v1/regulations", {
    token: sink.token,
    body: { regulationType: "SUPPRESS_ONLY", subjectType: "USER_ID", subjectIds: [userId] },
  });
  await vi.waitFor(async () => {
    const path = `/api/v1/regulations/${made.body.id as string}`;
    expect((await call("GET", path, { token: sink.token })).body.status).toBe("FINISHED");
  });
}

/** Everything that waits is tried again, once the destination is well. */
async function recover(): Promise<void> {
  sink.got = [];
  sink.answer = () => new Response("ok");
  await vi.waitFor(async () => {
    await sink.pass(60_000);
    expect((await sink.status()).waitingEvents).toBe(0);
  });
}

describe("a lane", () => {
  it("does not try again an event whose user was suppressed while it waited", async () => {
    sink.answer = () => new Response("", { status: 503 });
    await sink.append(["u1-a", "u2-a"]);
    await vi.waitFor(async () => expect((await sink.status()).waitingEvents).toBe(2));
    await suppress("u1");

    await recover();

    expect(sink.ids()).toEqual(["u2-a"]);
  });

  it("does not take a suppressed user's event from the log", async () => {
    sink.answer = () => new Response("", { status: 503, headers: { "retry-after": "60" } });
    await sink.append(["u9-a"]);
    await vi.waitFor(async () => expect((await sink.status()).pausedUntilMs).toBeDefined());
    // While others wait for a destination that is down, the log is not read.
    await sink.append(["u1-a", "u2-a"]);
    await suppress("u1");

    await recover();
    await sink.arrived(2);

    expect(sink.ids().toSorted()).toEqual(["u2-a", "u9-a"]);
  });

  it("does not send a suppressed user's dead letter again", async () => {
    sink.answer = () => new Response("", { status: 400 });
    await sink.append(["u1-a", "u2-a"]);
    await vi.waitFor(async () => expect((await sink.status()).deadLetters).toBe(2));
    await suppress("u1");
    sink.got = [];
    sink.answer = () => new Response("ok");

    await lane().redrive();

    await sink.arrived(1);
    await vi.waitFor(async () => expect((await sink.status()).waitingEvents).toBe(0));
    expect(sink.ids()).toEqual(["u2-a"]);
  });

  it("knows the suppressions before it delivers anything after a start", async () => {
    sink.answer = () => new Response("", { status: 503 });
    await sink.append(["u1-a", "u2-a"]);
    await vi.waitFor(async () => expect((await sink.status()).waitingEvents).toBe(2));
    await suppress("u1");
    await evictDurableObject(sink.stub());

    await recover();

    expect(sink.ids()).toEqual(["u2-a"]);
  });

  it("sends no test for a suppressed user", async () => {
    await suppress("u1");

    const tested = await lane().sendTest({ type: "track", event: "Tested", userId: "u1" });

    expect(tested).toMatchObject({ outcome: { kind: "filtered", code: "SUPPRESSED" } });
  });

  it("sends again once the suppression is lifted", async () => {
    await suppress("u1");
    const body = { regulationType: "UNSUPPRESS", subjectType: "USER_ID", subjectIds: ["u1"] };
    await call("POST", "/api/v1/regulations", { token: sink.token, body });

    const tested = await lane().sendTest({ type: "track", event: "Tested", userId: "u1" });

    expect(tested).toMatchObject({ outcome: { kind: "delivered" } });
  });
});

import { beforeEach, describe, expect, it, vi } from "vitest";

import { call } from "./support/api.ts";
import { Sink } from "./support/sink.ts";

const USER = { type: "USER_ID", ids: ["u1"] } as const;

let sink: Sink;

beforeEach(async () => {
  sink = await Sink.open();
});

function lane() {
  const { destinationId, sourceId } = sink;
  return sink.services.lane({ destinationId, sourceId, ingestRegion: "eu1", shard: 0 });
}

/** The messageIds of all dead letters. */
async function letters(): Promise<readonly unknown[]> {
  const found = await lane().searchDeadLetters({ limit: 10 });
  return found.map(({ event }) => (event as Record<string, unknown>)["messageId"]);
}

describe("forget()", () => {
  it("takes the user's events out of what waits for a retry, and sends the others", async () => {
    sink.answer = () => new Response("", { status: 503 });
    await sink.append(["u1-a", "u11-a"]);
    await vi.waitFor(async () => expect((await sink.status()).waitingEvents).toBe(2));

    const forgotten = await lane().forget(USER);

    sink.answer = () => new Response("ok");
    sink.got = [];
    await vi.waitFor(async () => {
      await sink.pass(60_000);
      expect((await sink.status()).waitingEvents).toBe(0);
    });
    expect(forgotten).toEqual({ isClean: true, erased: 1 });
    expect(sink.ids()).toEqual(["u11-a"]);
  });

  it("takes them out of dead letters that gather", async () => {
    sink.answer = () => new Response("", { status: 400 });
    await sink.append(["u1-a", "u11-a"]);
    await vi.waitFor(async () => expect((await sink.status()).deadLetters).toBe(2));

    await lane().forget(USER);

    expect(await letters()).toEqual(["u11-a"]);
  });

  it("takes them out of files of dead letters", async () => {
    sink.answer = () => new Response("", { status: 400 });
    await sink.append(["u1-a", "u11-a"]);
    await vi.waitFor(async () => expect((await sink.status()).deadLetters).toBe(2));
    await vi.waitFor(async () => {
      await sink.pass(31_000);
      expect((await lane().deadLetters()).map(({ state }) => state)).toEqual(["stored"]);
    });

    const forgotten = await lane().forget(USER);

    expect(forgotten).toEqual({ isClean: true, erased: 1 });
    expect([await letters(), (await sink.status()).deadLetters]).toEqual([["u11-a"], 1]);
  });

  it("keeps no sample of the last failure", async () => {
    sink.answer = () => new Response("", { status: 400 });
    await sink.append(["u1-a"]);
    await vi.waitFor(async () => expect(await lane().sample()).toBeDefined());

    await lane().forget(USER);

    expect(await lane().sample()).toBeUndefined();
  });
});

describe("forgetAtDestination()", () => {
  it("says NOT_SUPPORTED of a destination that was deleted", async () => {
    await call("DELETE", `/api/v1/destinations/${sink.destinationId}`, { token: sink.token });

    expect(await lane().forgetAtDestination(USER, 0)).toEqual({
      status: "NOT_SUPPORTED",
      error: "destination_deleted",
    });
  });

  it("goes on with the user that was not answered for", async () => {
    sink.answer = () => new Response("", { status: sink.got.length === 2 ? 503 : 200 });

    const asked = await lane().forgetAtDestination({ type: "USER_ID", ids: ["a", "b", "c"] }, 0);

    expect(asked).toMatchObject({ status: "RUNNING", next: 1 });
  });
});

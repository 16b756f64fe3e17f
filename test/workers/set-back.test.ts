import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { workspaceOf } from "../../src/core/ids.ts";
import type { ObjectName } from "../../src/region/object-names.ts";
import { locate } from "../../src/region/placement.ts";
import { call, CONFIG, ENV } from "./support/api.ts";
import { Sink } from "./support/sink.ts";

const WAIT = { timeout: 20_000, interval: 100 };

let sink: Sink;

beforeEach(async () => {
  sink = await Sink.open();
  sink.answer = () => new Response("", { status: 503 });
  await sink.append(["u1-a", "u2-a"]);
  await vi.waitFor(async () => expect((await sink.status()).waitingEvents).toBe(2));
});

const OBJECTS = {
  queue: ENV.INGEST_QUEUE,
  lane: ENV.DELIVERY_LANE,
} as const;

function object(kind: keyof typeof OBJECTS) {
  const { sourceId, destinationId } = sink;
  const ref = { sourceId, ingestRegion: "eu1", shard: 0 } as const;
  const name: ObjectName = kind === "queue" ? { kind, ...ref } : { kind, destinationId, ...ref };
  return locate(OBJECTS[kind], name, CONFIG.jurisdictions);
}

/** Sets the number of an object back to before every deletion, as a restore would, and starts it. */
async function setBack(kind: keyof typeof OBJECTS): Promise<void> {
  await runInDurableObject(object(kind), (_, { storage }) => {
    storage.sql.exec("UPDATE state SET value = '0' WHERE name = 'deletion'");
  });
  await evictDurableObject(object(kind));
}

async function status(id: string): Promise<string> {
  const { body } = await call("GET", `/api/v1/regulations/${id}`, { token: sink.token });
  return body.status as string;
}

/** Works on a regulation until it is over. */
async function finish(id: string): Promise<void> {
  const name = { kind: "workspace", workspaceId: workspaceOf(sink.sourceId) } as const;
  await vi.waitFor(async () => {
    await runDurableObjectAlarm(locate(ENV.WORKSPACE, name, CONFIG.jurisdictions));
    expect(await status(id)).toBe("FINISHED");
  }, WAIT);
}

async function erase(): Promise<string> {
  const made = await call("POST", "/api/v1/regulations", {
    token: sink.token,
    body: { regulationType: "DELETE_INTERNAL", subjectType: "USER_ID", subjectIds: ["u1"] },
  });
  const id = made.body.id as string;
  await finish(id);
  return id;
}

describe("a queue that was set back", { timeout: 60_000 }, () => {
  it("takes nothing in before the deletion has come by again", async () => {
    const id = await erase();
    await setBack("queue");

    const refused = await sink.append(["u3-a"]);
    await vi.waitFor(async () => expect(await status(id)).toBe("RUNNING"), WAIT);
    await finish(id);

    expect(refused.kind).toBe("unavailable");
    expect((await sink.append(["u3-a"])).kind).toBe("accepted");
  });

  it("serves at once when it only started anew", async () => {
    await erase();
    await evictDurableObject(object("queue"));

    expect((await sink.append(["u3-a"])).kind).toBe("accepted");
  });
});

describe("a lane that was set back", { timeout: 60_000 }, () => {
  it("sends and shows nothing before the deletion has come by again", async () => {
    const id = await erase();
    await setBack("lane");
    sink.answer = () => new Response("ok");
    sink.got = [];

    const lane = sink.services.lane({
      destinationId: sink.destinationId,
      sourceId: sink.sourceId,
      ingestRegion: "eu1",
      shard: 0,
    });
    await sink.pass(60_000);
    const before = sink.ids();
    const shown = await lane.searchDeadLetters({ limit: 10 });
    await vi.waitFor(async () => expect(await status(id)).toBe("RUNNING"), WAIT);
    await finish(id);
    await vi.waitFor(async () => {
      await sink.pass(60_000);
      expect(sink.ids()).toEqual(["u2-a"]);
    }, WAIT);

    expect([before, shown]).toEqual([[], []]);
  });
});

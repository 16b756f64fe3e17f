import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { beforeEach, describe, expect, it, vi } from "vitest";

import type { SourceId } from "../../src/core/ids.ts";
import type { Append } from "../../src/ingest/append.ts";
import { locate } from "../../src/region/placement.ts";
import type { QueuePort, Services } from "../../src/services.ts";
import { appendOf, printOf } from "../support/appends.ts";
import { call, CONFIG, ENV, makeServices, makeWorkspace } from "./support/api.ts";

const EU1_0 = { ingestRegion: "eu1", shard: 0 } as const;
const EU1_1 = { ingestRegion: "eu1", shard: 1 } as const;

let services: Services;
let sourceId: SourceId;
let token: string;

beforeEach(async () => {
  services = makeServices();
  const workspace = await makeWorkspace("eu");
  token = workspace.token;
  const made = await call("POST", "/api/v1/sources", { token, body: { name: "web" } });
  sourceId = made.body.source.id as SourceId;
});

/** An append as the Worker would send it now. */
function append(ids: readonly string[], changes: Partial<Append> = {}): Append {
  return appendOf(ids, { receivedAtMs: Date.now(), ...changes });
}

function queue(ref: Parameters<Services["queue"]>[1] = EU1_0): QueuePort {
  return services.queue(sourceId, ref);
}

function stub(ref: Parameters<Services["queue"]>[1] = EU1_0) {
  return locate(ENV.INGEST_QUEUE, { kind: "queue", sourceId, ...ref }, CONFIG.jurisdictions);
}

async function countOf(step: string, code: string): Promise<number> {
  const counters = await queue().counters();
  return counters.find((each) => each.step === step && each.code === code)?.count ?? 0;
}

/** Lets the next alarm find everything due, as if the seal time had passed. */
async function passSealTime(): Promise<void> {
  vi.spyOn(Date, "now").mockReturnValue(Date.now() + 61_000);
  await runDurableObjectAlarm(stub());
}

describe("IngestQueue", () => {
  it("keeps what it acknowledged over an eviction", async () => {
    await queue().append(append(["a", "b"]));

    await evictDurableObject(stub());

    expect((await queue().status()).waitingEvents).toBe(2);
  });

  it("knows its messageIds over an eviction", async () => {
    await queue().append(append(["a", "b"]));
    await evictDurableObject(stub());

    expect(await queue().append(append(["b", "c"]))).toEqual({
      kind: "accepted",
      accepted: 1,
      duplicates: 1,
    });
  });

  it("stores a messageId once when it stands twice in one request", async () => {
    expect(await queue().append(append(["a", "a"]))).toMatchObject({ accepted: 1, duplicates: 1 });
  });

  it("refuses a write key as soon as it was revoked", async () => {
    await queue().append(append(["a"]));
    await call("POST", `/api/v1/sources/${sourceId}/write-keys`, { token });
    await call("DELETE", `/api/v1/sources/${sourceId}/write-keys/1`, { token });

    expect(await queue().append(append(["b"]))).toEqual({
      kind: "refused",
      code: "write_key_revoked",
    });
  });

  it("refuses everything as soon as the source is disabled", async () => {
    await queue().append(append(["a"]));
    await call("PATCH", `/api/v1/sources/${sourceId}`, { token, body: { enabled: false } });

    expect(await queue().append(append(["b"]))).toEqual({
      kind: "refused",
      code: "source_disabled",
    });
  });

  it("counts what the Worker refused, by code", async () => {
    await queue().append(append([], { refused: { event_not_string: 3 } }));

    expect(await countOf("refused", "event_not_string")).toBe(3);
  });

  it("lets no more in than the source's rate, and takes no tokens for duplicates", async () => {
    await call("PATCH", `/api/v1/sources/${sourceId}`, { token, body: { rate: 1 } });
    const ids = Array.from({ length: 2_600 }, (_, i) => `m${i}`);
    await queue().append(append(ids));

    expect(await queue().append(append(["one more"]))).toMatchObject({ kind: "rate-limited" });
    expect(await queue().append(append(ids.slice(0, 10)))).toMatchObject({ duplicates: 10 });
  });

  it("refuses an epoch that was fenced, also after an eviction", async () => {
    await queue().append(append(["a"]));
    await call("PATCH", `/api/v1/sources/${sourceId}`, { token, body: { shards: 2 } });
    await evictDurableObject(stub());

    expect(await queue().append(append(["b"]))).toMatchObject({
      kind: "moved",
      route: { n: 2, shards: 2 },
    });
  });

  it("asks the queue of the earlier epoch for ids it does not know", async () => {
    await queue().append(append(["a"]));
    await call("PATCH", `/api/v1/sources/${sourceId}`, { token, body: { shards: 2 } });

    expect(await queue(EU1_1).append(append(["a", "b"], { epoch: 2 }))).toEqual({
      kind: "accepted",
      accepted: 1,
      duplicates: 1,
    });
  });

  it("keeps its events and comes back by itself while the bucket cannot be reached", async () => {
    await queue().append(append(["a"]));
    vi.spyOn(globalThis, "fetch").mockRejectedValue(new TypeError("network"));

    await passSealTime();

    const alarm = await runInDurableObject(stub(), (_, state) => state.storage.getAlarm());
    expect(await queue().status()).toMatchObject({
      waitingEvents: 1,
      alert: "eu-west-1: unknown (network)",
    });
    expect(alarm).not.toBeNull();
  });

  it("archives what waits once the seal time has passed, and says in which file it is", async () => {
    await queue().append(append(["a", "b"]));
    vi.spyOn(globalThis, "fetch").mockImplementation(
      async () => new Response(null, { status: 200 }),
    );

    await passSealTime();

    expect(await queue().status()).toMatchObject({ waitingEvents: 0, alert: undefined });
    expect((await queue().find(printOf("a")))?.files).toMatchObject([
      { key: expect.stringContaining(`segment-logs/${sourceId}/`) },
    ]);
  });

  it("wakes for new events although an alarm far ahead is set already", async () => {
    await queue().append(append(["a"]));
    vi.spyOn(globalThis, "fetch").mockImplementation(
      async () => new Response(null, { status: 200 }),
    );
    await passSealTime();

    await queue().append(append(["b"]));

    const alarm = await runInDurableObject(stub(), (_, state) => state.storage.getAlarm());
    expect((alarm ?? Infinity) - Date.now()).toBeLessThanOrEqual(60_000);
  });

  it("stops, and overwrites nothing, when an object of the file's name holds other events", async () => {
    await queue().append(append(["a"]));
    vi.spyOn(globalThis, "fetch").mockImplementation(async (request) =>
      (request as Request).method === "HEAD"
        ? new Response(null, { headers: { "x-amz-meta-ndjson-sha256": "00" } })
        : new Response("<Error><Code>PreconditionFailed</Code></Error>", { status: 412 }),
    );

    await passSealTime();

    expect(await queue().status()).toMatchObject({
      waitingEvents: 1,
      alert: expect.stringContaining("archive_conflict"),
    });
  });
});

import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { beforeEach, describe, expect, it, vi } from "vitest";

import type { SourceId } from "../../src/core/ids.ts";
import { locate } from "../../src/region/placement.ts";
import type { QueuePort, QueueSettling } from "../../src/services.ts";
import { appendOf } from "../support/appends.ts";
import { call, CONFIG, ENV, makeServices, makeWorkspace } from "./support/api.ts";
import { FakeS3 } from "./support/fake-s3.ts";

const EU1_0 = { ingestRegion: "eu1", shard: 0 } as const;

let queue: QueuePort;
let sourceId: SourceId;
let s3: FakeS3;

beforeEach(async () => {
  s3 = new FakeS3().install();
  const { token } = await makeWorkspace("eu");
  const made = await call("POST", "/api/v1/sources", { token, body: { name: "web" } });
  sourceId = made.body.source.id as SourceId;
  queue = makeServices().queue(sourceId, EU1_0);
});

function stub() {
  return locate(ENV.INGEST_QUEUE, { kind: "queue", sourceId, ...EU1_0 }, CONFIG.jurisdictions);
}

async function settled(first: QueueSettling): Promise<QueueSettling> {
  let last = first;
  await vi.waitFor(async () => {
    last = await queue.settle(first.throughSeq);
    expect(last.isSettled).toBe(true);
  });
  return last;
}

/** Chunks of events in all segments of the log. */
async function chunksInLog(): Promise<number> {
  return runInDurableObject(stub(), (_queue, state) => {
    const tables = state.storage.sql
      .exec<{ name: string }>("SELECT name FROM sqlite_master WHERE name GLOB 'log_[0-9]*'")
      .toArray();
    const counts = tables.map(
      ({ name }) =>
        state.storage.sql.exec<{ n: number }>(`SELECT count(*) AS n FROM ${name}`).one().n,
    );
    return counts.reduce((sum, n) => sum + n, 0);
  });
}

describe("settle()", () => {
  it("archives what the queue has taken without waiting for its time", async () => {
    await queue.append(appendOf(["a", "b"], { receivedAtMs: Date.now() }));

    await settled(await queue.settle());

    expect([...s3.objects.keys()].filter((url) => url.includes("/segment-logs/"))).toHaveLength(1);
  });

  it("leaves none of it in the log", async () => {
    await queue.append(appendOf(["a", "b"], { receivedAtMs: Date.now() }));

    await settled(await queue.settle());

    expect(await chunksInLog()).toBe(0);
  });

  it("is not over while the bucket takes nothing", async () => {
    await queue.append(appendOf(["a"], { receivedAtMs: Date.now() }));
    s3.intercept = () => new Response(null, { status: 503 });

    const first = await queue.settle();

    expect(await queue.settle(first.throughSeq)).toMatchObject({ isSettled: false });
  });

  it("goes on after an eviction when it is asked again", async () => {
    await queue.append(appendOf(["a"], { receivedAtMs: Date.now() }));
    s3.intercept = () => new Response(null, { status: 503 });
    const first = await queue.settle();
    await evictDurableObject(stub());
    s3.intercept = () => undefined;

    expect(await settled(first)).toEqual({ throughSeq: 1, isSettled: true });
  });

  it("does not wait for what comes in meanwhile", async () => {
    await queue.append(appendOf(["a"], { receivedAtMs: Date.now() }));
    const first = await queue.settle();
    await settled(first);
    await queue.append(appendOf(["b"], { receivedAtMs: Date.now() }));

    expect(await queue.settle(first.throughSeq)).toEqual({ throughSeq: 1, isSettled: true });
  });

  it("keeps knowing the messageIds of what it dropped", async () => {
    await queue.append(appendOf(["a"], { receivedAtMs: Date.now() }));
    await settled(await queue.settle());

    const again = await queue.append(appendOf(["a"], { receivedAtMs: Date.now() }));

    expect(again).toMatchObject({ accepted: 0, duplicates: 1 });
  });
});

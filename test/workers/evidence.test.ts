import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { EvidenceKeeper, PUSH_MS, WRITE_MS } from "../../durable-objects/evidence-keeper.ts";
import { EvidenceTables } from "../../durable-objects/storage/evidence-tables.ts";
import { Workspace } from "../../durable-objects/workspace.ts";
import type { SourceId, WorkspaceId } from "../../src/core/ids.ts";
import type { EvidenceView } from "../../src/egress/evidence.ts";
import { locate, standing } from "../../src/region/placement.ts";
import type { QueuePort } from "../../src/services.ts";
import { appendOf } from "../support/appends.ts";
import { call, CONFIG, ENV, makeServices, makeWorkspace } from "./support/api.ts";

const REF = { ingestRegion: "eu1", shard: 0 } as const;
const BUCKET_HOST = "s3.eu-west-1.amazonaws.com";
const ALL = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER };

let workspaceId: WorkspaceId;
let sourceId: SourceId;
let queue: QueuePort;
let startMs: number;

beforeEach(async () => {
  const workspace = await makeWorkspace("eu");
  workspaceId = workspace.id;
  const { token } = workspace;
  const made = await call("POST", "/api/v1/sources", { token, body: { name: "web" } });
  sourceId = made.body.source.id as SourceId;
  queue = makeServices().queue(sourceId, REF);
  startMs = Date.now();
  vi.spyOn(globalThis, "fetch").mockImplementation(async () => new Response(null));
});

function queueStub() {
  return locate(ENV.INGEST_QUEUE, { kind: "queue", sourceId, ...REF }, CONFIG.jurisdictions);
}

function setClock(ms: number): void {
  vi.spyOn(Date, "now").mockReturnValue(startMs + ms);
}

/** What the workspace knows. */
async function view(): Promise<EvidenceView> {
  const name = { kind: "workspace", workspaceId } as const;
  return runInDurableObject(locate(ENV.WORKSPACE, name, CONFIG.jurisdictions), (_, { storage }) =>
    new EvidenceTables(storage.sql).view(ALL),
  );
}

/** What the queue itself has on disk, by the kind of row. */
function kept(kind: string): Promise<readonly Record<string, unknown>[]> {
  return runInDurableObject(queueStub(), (_, { storage }) =>
    storage.sql
      .exec<{ body: string }>("SELECT body FROM evidence WHERE kind = ?", kind)
      .toArray()
      .map(({ body }) => JSON.parse(body) as Record<string, unknown>),
  );
}

async function archiveAt(ms: number, id: string): Promise<void> {
  await queue.append(appendOf([id]));
  setClock(ms);
  await queue.poke();
}

describe("a queue's evidence", () => {
  it("is on disk before the first request to a host goes out", async () => {
    const { promise, resolve } = Promise.withResolvers<Response>();
    const sent = vi.spyOn(globalThis, "fetch").mockReturnValue(promise);
    await queue.append(appendOf(["a"]));
    setClock(61_000);
    const poke = queue.poke();
    await vi.waitUntil(() => sent.mock.calls.length > 0);

    const rows = await kept("host");

    resolve(new Response(null));
    await poke;
    expect(rows).toMatchObject([
      { host: BUCKET_HOST, purpose: "archive", level: "platform", requests: 1 },
    ]);
  });

  it("reaches its workspace with the first file: whom it contacted, and where it runs", async () => {
    await archiveAt(61_000, "a");

    const { hosts, objects } = await view();

    expect(hosts).toMatchObject([{ host: BUCKET_HOST, purpose: "archive", requests: 1 }]);
    expect(hosts[0]?.bytesSent).toBeGreaterThan(0);
    expect(objects).toContainEqual(
      expect.objectContaining({
        object: `queue:${sourceId}:eu1:0`,
        kind: "queue",
        standing: "simulated:eu",
      }),
    );
  });

  it("is told again until the workspace has taken it", async () => {
    const takeEvidence = vi.spyOn(Workspace.prototype, "takeEvidence");
    takeEvidence.mockRejectedValue(new Error("out of reach"));
    await archiveAt(61_000, "a");
    const before = (await view()).hosts;
    takeEvidence.mockRestore();

    setClock(61_000 + WRITE_MS);
    await runDurableObjectAlarm(queueStub());

    expect([before, (await view()).hosts]).toMatchObject([[], [{ requests: 1 }]]);
  });

  it("that was not told before an eviction is told after it", async () => {
    await archiveAt(61_000, "a");
    const takeEvidence = vi.spyOn(Workspace.prototype, "takeEvidence");
    takeEvidence.mockRejectedValue(new Error("out of reach"));
    await archiveAt(61_000 + PUSH_MS, "b");
    takeEvidence.mockRestore();
    const before = (await view()).hosts;
    await evictDurableObject(queueStub());

    await queue.poke();

    expect([before, (await view()).hosts]).toMatchObject([[{ requests: 1 }], [{ requests: 2 }]]);
  });

  it("counts a file a minute with a row a minute, and tells of it every five", async () => {
    await archiveAt(61_000, "a");
    await archiveAt(61_000 + WRITE_MS, "b");
    const [written] = await kept("host");
    const early = (await view()).hosts;
    await archiveAt(61_000 + PUSH_MS, "c");

    expect(written).toMatchObject({ requests: 2 });
    expect([early, (await view()).hosts]).toMatchObject([[{ requests: 1 }], [{ requests: 3 }]]);
  });

  it("shows a redirect that was not followed as a refusal", async () => {
    const headers = { location: "https://s3.us-east-1.amazonaws.com/bucket/a" };
    const moved = () => new Response(null, { status: 307, headers });
    vi.spyOn(globalThis, "fetch").mockImplementation(async () => moved());

    await archiveAt(61_000, "a");

    expect((await view()).refusals).toMatchObject([
      { host: BUCKET_HOST, purpose: "archive", reason: "redirected" },
    ]);
  });
});

describe("the other objects of a source", () => {
  it("say where they run once a file is in the catalogue", async () => {
    await archiveAt(61_000, "a");

    await vi.waitUntil(async () => (await view()).objects.length >= 3);
    const kinds = (await view()).objects.map(({ kind }) => kind);
    expect(kinds).toEqual(expect.arrayContaining(["archive", "archive-month", "queue"]));
  });
});

/** A keeper over the queue's own storage, with a clock of the test's. */
function withKeeper(
  work: (keeper: EvidenceKeeper, setNow: (ms: number) => void) => Promise<void>,
  sync?: () => Promise<void>,
): Promise<void> {
  return runInDurableObject(queueStub(), async (_, { id, storage }) => {
    let nowMs = startMs;
    const keeper = new EvidenceKeeper({
      storage: { sql: storage.sql, sync: sync ?? (() => storage.sync()) },
      standing: standing(id, CONFIG.jurisdictions),
      push: () => Promise.resolve(),
      now: () => nowMs,
    });
    await work(keeper, (ms) => (nowMs = startMs + ms));
  });
}

const CONTACT = { region: "eu", purpose: "archive", host: BUCKET_HOST } as const;

describe("EvidenceKeeper", () => {
  it("has a second request wait for the row of the first as well", async () => {
    const disk = Promise.withResolvers<void>();
    const order: string[] = [];
    await withKeeper(
      async ({ observer }) => {
        const sent = ["first", "second"].map(async (name) => {
          await observer.sending(CONTACT, "platform", 1);
          order.push(name);
        });
        await scheduler.wait(5);
        order.push("on disk");
        disk.resolve();
        await Promise.all(sent);
      },
      () => disk.promise,
    );

    expect(order).toEqual(["on disk", "first", "second"]);
  });

  it("has counts due within a minute although the clock was hours ahead", async () => {
    let due: number | undefined;
    await withKeeper(async (keeper, setNow) => {
      setNow(5 * 3_600_000);
      await keeper.observer.sending(CONTACT, "platform", 1);
      await keeper.run();
      setNow(0);
      keeper.observer.received(CONTACT, 1);
      due = keeper.dueAtMs;
    });

    expect(due).toBeLessThanOrEqual(startMs + WRITE_MS);
  });
});

describe("the rows of evidence", () => {
  it("written for 1,000 requests within a minute are 3, those in the workspace 2", async () => {
    let rows = 0;
    let taken = 0;
    await runInDurableObject(queueStub(), async (_, { id, storage }) => {
      const exec = (query: string, ...bindings: unknown[]) => {
        const cursor = storage.sql.exec(query, ...bindings);
        const found = cursor.toArray();
        rows += cursor.rowsWritten;
        return { toArray: () => found };
      };
      let nowMs = startMs;
      const keeper = new EvidenceKeeper({
        storage: { sql: { exec } as unknown as SqlStorage, sync: () => storage.sync() },
        standing: standing(id, CONFIG.jurisdictions),
        push: async ({ hosts }) => void (taken += 1 + hosts.length),
        now: () => nowMs,
      });
      const contact = { region: "eu", purpose: "archive", host: BUCKET_HOST } as const;
      for (let i = 0; i < 1000; i++) {
        await keeper.observer.sending(contact, "platform", 1000);
        keeper.observer.received(contact, 10);
      }
      nowMs += WRITE_MS;
      await keeper.run();
    });

    expect({ rows, taken }).toEqual({ rows: 3, taken: 2 });
  });
});

describe("a workspace's own evidence", () => {
  it("names the bucket that the head of its audit chain was written to", async () => {
    await makeServices().workspace(workspaceId).poke();
    const name = { kind: "workspace", workspaceId } as const;
    await runDurableObjectAlarm(locate(ENV.WORKSPACE, name, CONFIG.jurisdictions));

    const { hosts, objects } = await view();

    const ofAudit = hosts.filter(({ purpose }) => purpose === "audit");
    expect(ofAudit).toMatchObject([{ host: BUCKET_HOST, requests: 1 }]);
    expect(objects).toMatchObject([{ object: `workspace:${workspaceId}`, kind: "workspace" }]);
  });
});

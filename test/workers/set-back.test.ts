import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { JournalTable } from "../../durable-objects/storage/journal-table.ts";
import { RegulationsTable } from "../../durable-objects/storage/regulations-table.ts";
import { RestoreGuard } from "../../durable-objects/restore-guard.ts";
import { workspaceOf } from "../../src/core/ids.ts";
import type { ObjectName } from "../../src/region/object-names.ts";
import { locate } from "../../src/region/placement.ts";
import type { QueuePort } from "../../src/services.ts";
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

async function request(user: string): Promise<string> {
  const made = await call("POST", "/api/v1/regulations", {
    token: sink.token,
    body: { regulationType: "DELETE_INTERNAL", subjectType: "USER_ID", subjectIds: [user] },
  });
  return made.body.id as string;
}

async function erase(user = "u1"): Promise<string> {
  const id = await request(user);
  await finish(id);
  return id;
}

/** Ids of the deletions that were done again, in the order in which that began. */
async function repeated(): Promise<readonly string[]> {
  const { body } = await call("GET", "/api/v1/audit", { token: sink.token });
  return (body.data as { action: string; subject: string }[])
    .filter(({ action }) => action === "regulation.repeat")
    .map(({ subject }) => subject);
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

  it("is settled by nobody else, so that nothing of it is archived", async () => {
    await erase();
    await setBack("queue");
    const refused = async (work: Promise<unknown>): Promise<boolean> => {
      return work.then(
        () => false,
        () => true,
      );
    };

    const asked = await runInDurableObject(object("queue"), async (instance) => {
      const queue = instance as unknown as QueuePort;
      return [await refused(queue.settle(undefined, 2)), await refused(queue.settle())];
    });

    expect(asked).toEqual([true, true]);
  });

  it("serves at once when it only started anew", async () => {
    await erase();
    await evictDurableObject(object("queue"));

    expect((await sink.append(["u3-a"])).kind).toBe("accepted");
  });
});

describe.each(["queue", "lane"] as const)("a %s that was set back", { timeout: 60_000 }, (kind) => {
  it("comes by what it lost first when a later deletion is what meets it", async () => {
    const lost = [await erase("u1"), await erase("u2")];
    await setBack(kind);
    const took = vi.spyOn(RestoreGuard.prototype, "took");

    await finish(await request("u3"));

    const guards = new Set(took.mock.contexts);
    const numbersOf = (guard: unknown): readonly number[] =>
      took.mock.calls.flatMap(([number], i) => (took.mock.contexts[i] === guard ? [number] : []));
    expect((await repeated()).toSorted()).toEqual(lost.toSorted());
    expect([...guards].map((guard) => [...new Set(numbersOf(guard))])).toContainEqual([1, 2, 3]);
  });
});

describe("the number that a workspace asks for", { timeout: 60_000 }, () => {
  it("is found without reading all requests of 90 days", async () => {
    const name = { kind: "workspace", workspaceId: workspaceOf(sink.sourceId) } as const;
    const workspace = locate(ENV.WORKSPACE, name, CONFIG.jurisdictions);
    await erase();

    const read = await runInDurableObject(workspace, (_, { storage }) => {
      const { sql } = storage;
      sql.exec(`WITH RECURSIVE numbers AS (SELECT 2 AS n UNION ALL SELECT n + 1 FROM numbers WHERE n < 500)
        INSERT INTO regulations SELECT n, 'reg_' || n, source_id, type, subject_type, subjects, status,
          created_at_ms, finished_at_ms, progress, is_linked, commitment
        FROM regulations JOIN numbers WHERE position = 1`);
      const exec = vi.spyOn(sql, "exec");
      const journal = new JournalTable(sql, new RegulationsTable(sql));
      const [last] = journal.back(sink.sourceId, 0);
      const rows = exec.mock.results.map(({ value }) => (value as { rowsRead: number }).rowsRead);
      return { last: last?.number, rows };
    });

    expect(read.last).toBe(500);
    expect(read.rows.length).toBe(1);
    expect(read.rows[0]).toBeLessThan(10);
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

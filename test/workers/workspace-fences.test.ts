import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { beforeEach, describe, expect, it } from "vitest";

import type { Reach } from "../../durable-objects/reach.ts";
import { WorkspaceQueues } from "../../durable-objects/workspace-queues.ts";
import { WorkspaceTurn } from "../../durable-objects/workspace-turn.ts";
import type { SourceId, WorkspaceId } from "../../src/core/ids.ts";
import { locate } from "../../src/region/placement.ts";
import type { QueuePort } from "../../src/services.ts";
import type { QueueRef, SourceConfig } from "../../src/workspace/source-config.ts";
import { call, CONFIG, ENV, makeServices, makeWorkspace } from "./support/api.ts";

const FIRST: QueueRef = { ingestRegion: "eu1", shard: 0 };
const SECOND: QueueRef = { ingestRegion: "eu1", shard: 1 };

let id: WorkspaceId;
let token: string;
let sourceId: SourceId;

beforeEach(async () => {
  ({ id, token } = await makeWorkspace("eu"));
  const made = await call("POST", "/api/v1/sources", { token, body: { name: "Site" } });
  sourceId = made.body.source.id as SourceId;
});

/** Queues that write down what they are told; those that are down refuse every call. */
class FakeQueues {
  readonly calls: string[] = [];
  readonly configs: SourceConfig[] = [];
  readonly down = new Set<number>();

  readonly reach = { queue: (_: SourceId, ref: QueueRef) => this.#queue(ref) } as unknown as Reach;

  #queue({ shard }: QueueRef): QueuePort {
    const told = (what: string) => async (config: SourceConfig) => {
      if (this.down.has(shard)) throw new Error("the queue is down");
      this.calls.push(`${what}:${shard}:${config.route.n}:${config.route.state}`);
      this.configs.push(config);
    };
    return { fence: told("fence"), push: told("push") } as unknown as QueuePort;
  }
}

/** Runs `work` inside the workspace's object, with queues of the test's own. */
function withQueues(
  fakes: FakeQueues,
  work: (queues: WorkspaceQueues, turn: WorkspaceTurn) => Promise<void>,
): Promise<void> {
  const object = locate(
    ENV.WORKSPACE,
    { kind: "workspace", workspaceId: id },
    CONFIG.jurisdictions,
  );
  return runInDurableObject(object, async (_, state) => {
    const turn = new WorkspaceTurn(state.storage, { id, home: "eu", config: CONFIG });
    await work(new WorkspaceQueues(turn, fakes.reach), turn);
  });
}

/** Has a change of shards wait for its fences, without any queue being told yet. */
function beginFencing(turn: WorkspaceTurn): void {
  const source = turn.tables.source(sourceId);
  if (source === undefined) throw new Error("Cannot test: the source is gone");
  const { n, shards, ingestRegion } = source.route;
  const earlier = [{ n, shards, ingestRegion, endedAtMs: 1 }];
  const route = { n: n + 1, shards: shards * 2, ingestRegion, state: "fencing", earlier } as const;
  turn.tables.save({ ...source, route, version: source.version + 1 });
}

describe("a change of the route", () => {
  it("fences every known queue before it opens, and then tells them all", async () => {
    const fakes = new FakeQueues();

    await withQueues(fakes, async (queues, turn) => {
      turn.tables.learnQueue(sourceId, FIRST);
      beginFencing(turn);
      await queues.announce(sourceId);
    });

    expect(fakes.calls).toEqual(["fence:0:2:fencing", "push:0:2:open"]);
  });

  it("stays closed while one queue has not confirmed, and asks only that one again", async () => {
    const fakes = new FakeQueues();
    fakes.down.add(1);

    await withQueues(fakes, async (queues, turn) => {
      turn.tables.learnQueue(sourceId, FIRST);
      turn.tables.learnQueue(sourceId, SECOND);
      beginFencing(turn);
      await queues.announce(sourceId);
      fakes.calls.push("later");
      fakes.down.clear();
      await queues.fenceAll();
    });

    expect(fakes.calls.slice(0, 3)).toEqual(["fence:0:2:fencing", "later", "fence:1:2:fencing"]);
  });

  it("does not open over a queue that became known while the others were fenced", async () => {
    const fakes = new FakeQueues();
    let state: string | undefined;

    await withQueues(fakes, async (queues, turn) => {
      turn.tables.learnQueue(sourceId, FIRST);
      beginFencing(turn);
      const fencing = queues.fence(sourceId);
      turn.tables.learnQueue(sourceId, SECOND);
      await fencing;
      state = turn.tables.source(sourceId)?.route.state;
    });

    expect(state).toBe("fencing");
  });

  it("counts the window of the earlier epoch from the last fence", async () => {
    const fakes = new FakeQueues();
    const before = Date.now();

    await withQueues(fakes, async (queues, turn) => {
      turn.tables.learnQueue(sourceId, FIRST);
      beginFencing(turn);
      await queues.announce(sourceId);
    });

    expect(fakes.configs.at(-1)?.route.earlier[0]?.endedAtMs).toBeGreaterThanOrEqual(before);
  });

  it("opens within the call when no queue was ever known", async () => {
    const patched = await call("PATCH", `/api/v1/sources/${sourceId}`, {
      token,
      body: { shards: 4 },
    });

    expect(patched.body.source.route).toEqual({ epoch: 2, state: "open" });
  });

  it("refuses a second change while the first is fenced", async () => {
    await withQueues(new FakeQueues(), async (_, turn) => beginFencing(turn));

    const patched = await call("PATCH", `/api/v1/sources/${sourceId}`, {
      token,
      body: { shards: 8 },
    });

    expect([patched.status, patched.body.code]).toEqual([409, "route_change_in_progress"]);
  });

  it("is finished by the alarm after the object was cut off", async () => {
    await withQueues(new FakeQueues(), async (_, turn) => beginFencing(turn));
    const object = locate(ENV.WORKSPACE, { kind: "workspace", workspaceId: id }, "simulated");
    await runInDurableObject(object, (_, state) => state.storage.setAlarm(Date.now() + 60_000));

    await runDurableObjectAlarm(object);

    const shown = await call("GET", `/api/v1/sources/${sourceId}`, { token });
    expect(shown.body.source.route.state).toBe("open");
  });
});

describe("raiseShards()", () => {
  it("doubles once however many queues of the epoch call", async () => {
    const workspace = makeServices().workspace(id);

    await Promise.all([
      workspace.raiseShards(sourceId, 1),
      workspace.raiseShards(sourceId, 1),
      workspace.raiseShards(sourceId, 1),
    ]);

    const config = await workspace.sourceConfig(sourceId);
    expect(config?.route).toMatchObject({ n: 2, shards: 2 });
  });
});

describe("sourceConfig()", () => {
  it("knows a queue for good once it asked", async () => {
    await makeServices().workspace(id).sourceConfig(sourceId, FIRST);

    await withQueues(new FakeQueues(), async (_, turn) => {
      expect(turn.tables.queues(sourceId)).toEqual([FIRST]);
    });
  });

  it("keeps telling queues where a deleted source's events go, but takes no more", async () => {
    await call("DELETE", `/api/v1/sources/${sourceId}`, { token });

    const config = await makeServices().workspace(id).sourceConfig(sourceId);

    expect(config).toMatchObject({
      enabled: false,
      keyVersions: [],
      archiveLocations: ["eu-west-1", "eu-central-1"],
    });
  });
});

describe("poke()", () => {
  it("reaches only the queues that hold events", async () => {
    const fakes = new FakeQueues();
    const poked: number[] = [];
    const reach = {
      queue: (_: SourceId, { shard }: QueueRef) => ({ poke: async () => void poked.push(shard) }),
      // In the first minute of an hour the first source's archive has its turn as well.
      archive: () => ({ poke: async () => undefined }),
    } as unknown as Reach;
    const workspace = makeServices().workspace(id);
    await workspace.queueFilled(sourceId, FIRST);
    await workspace.queueFilled(sourceId, SECOND);
    await workspace.queueDrained(sourceId, FIRST);

    await withQueues(fakes, (_, turn) => new WorkspaceQueues(turn, reach).pokeHolding());

    expect(poked).toEqual([1]);
  });
});

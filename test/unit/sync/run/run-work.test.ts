import { describe, expect, it, vi } from "vitest";

import { RETRY_AFTER_MS_MAX } from "../../../../src/deliver/lane/retry.ts";
import type { Behaviour } from "../../../../src/sync/sync.ts";
import type { SourceRow } from "../../../../src/sync/source/source.ts";
import { SimulatedCrash } from "../../../support/node-storage.ts";
import {
  CALM,
  QUIET_RUN as PLAN,
  type Life,
  type RunPlan,
} from "../../../support/sync/run-model.ts";
import { MemorySql } from "../../../support/sync/memory-sources.ts";
import { RunWorld } from "../../../support/sync/run-world.ts";

const LIFE: Life = {
  source: "sql",
  behaviour: "upsert",
  mirrorStrategy: "delete",
  limits: { records: 5, bytes: 1_000_000, calls: 1 },
  there: [],
  runs: [],
  pieceChanges: 10,
  fileChars: 1_000_000,
};

/** A table with these users in it. */
function worldOf(users: readonly string[], life: Partial<Life> = {}): RunWorld {
  const world = new RunWorld({ ...LIFE, ...life });
  world.table.rows = users.map((id): SourceRow => ["eu", id, `name of ${id}`, "x"]);
  return world;
}

/** Runs and gives the idempotency keys of all that was sent. */
async function keysOf(world: RunWorld, plan: Partial<RunPlan> = {}): Promise<readonly string[]> {
  const keys: string[] = [];
  world.target.sent = (_, { idempotencyKey }) => void keys.push(idempotencyKey);
  await world.run({ ...PLAN, ...plan });
  return keys;
}

describe("idempotency keys", () => {
  it("are others when a row becomes what it had been, and when all is sent anew", async () => {
    const world = worldOf([]);
    const put = (name: string) =>
      ({ edits: [{ kind: "put", row: ["eu", "1", name, "x"] }] }) as const;
    const keys = [
      await keysOf(world, put("Ada")),
      await keysOf(world, put("Bo")),
      await keysOf(world, put("Ada")),
      await keysOf(world, { isFull: true }),
      await keysOf(world, { constant: "two" }),
    ].flat();

    expect([keys.length, new Set(keys).size]).toEqual([5, 5]);
  });

  it("stay the same after a run that failed and a crash", async () => {
    const world = worldOf(["1"]);
    const failing = { weather: { ...CALM, failsAt: 0 } };
    const failed = await keysOf(world, failing);
    let steps = 0;
    world.target.step = () => {
      steps += 1;
      // Between the call and what is recorded of it.
      if (steps === 2) throw new SimulatedCrash();
    };
    const keys = [...failed, ...(await keysOf(world))];

    expect([keys.length, new Set(keys).size]).toEqual([3, 1]);
  });
});

describe("a run that waits", () => {
  it("does not wait for days because a destination says so", async () => {
    const world = worldOf(["1"]);
    const weather = { ...CALM, retries: [0], retryAfterMs: 40 * 86_400_000 };
    const { createdAtMs, endedAtMs = Infinity, state } = await world.run({ ...PLAN, weather });

    expect(state).toBe("completed");
    expect(endedAtMs - createdAtMs).toBeLessThan(2 * RETRY_AFTER_MS_MAX);
  });

  it("ends at once when it is canceled while it is about to wait", async () => {
    const world = worldOf(["1"]);
    // The seventh step is the call.
    const weather = { ...CALM, retries: [0, 1, 2], retryAfterMs: 60_000, canceledAt: 6 };
    const { createdAtMs, endedAtMs = Infinity, isCanceled } = await world.run({ ...PLAN, weather });

    expect([isCanceled, endedAtMs - createdAtMs < 60_000]).toEqual([true, true]);
  });
});

describe("a dry run under another sync key", () => {
  it("fails, and leaves what was accepted as it is", async () => {
    const world = worldOf(["1", "2"]);
    await world.run(PLAN);
    const contract = JSON.parse(world.storage.get("contract") ?? "") as object;
    world.storage.set("contract", JSON.stringify({ ...contract, key: '["other"]' }));
    const { error } = await world.run({ ...PLAN, kind: "dry_run" });

    expect([error?.code, world.state.counts().there]).toEqual(["key_changed", 2]);
  });
});

describe("a sync that becomes a mirror", () => {
  it("sends all once, and takes away what is gone from then on", async () => {
    const world = worldOf(["1", "2", "3"]);
    const remove = { edits: [{ kind: "remove", at: 0 }] } as const;
    await world.run(PLAN);
    const first = await world.run({ ...PLAN, ...remove, behaviour: "mirror" });
    const second = await world.run({ ...PLAN, ...remove, behaviour: "mirror" });

    expect(first).toMatchObject({ fullSync: "behaviour_changed", counts: { accepted: 2 } });
    expect(second.fullSync).toBeUndefined();
    expect(second.counts).toMatchObject({ accepted: 1, deletes: 1 });
    // What no mirror had sent stays.
    expect([...world.target.records.keys()]).toEqual(["eu,1", "eu,3"]);
  });

  it("does not send what was found for another behaviour", async () => {
    const world = worldOf(["1"]);
    const plan = {
      ...PLAN,
      sliceMs: 1,
      // Somebody changes it once something was found.
      get behaviour(): Behaviour {
        return world.bucket.files.size > 0 ? "upsert" : "delete";
      },
    };
    const { error } = await world.run(plan);

    expect(error?.code).toBe("sync_changed");
  });
});

describe("a run with suppressed users", () => {
  it("tells nothing of their rows that are invalid, and counts them", async () => {
    const world = worldOf(["1", "1", "2", "2", "3"]);
    const { counts } = await world.run({ ...PLAN, suppressed: ["1"] });

    expect(counts.invalid).toBe(4);
    expect(world.bucket.reported().map(({ user }) => user.userId)).toEqual(["2", "2", "3"]);
  });

  it("deletes them where that is what the sync is for, and tells of nobody", async () => {
    const world = worldOf(["1", "2"], { behaviour: "delete" });
    const deleted: string[] = [];
    world.target.sent = (_, { identifier }) => void deleted.push(identifier);
    const { counts } = await world.run({ ...PLAN, suppressed: ["1"] });

    expect(deleted.toSorted()).toEqual(["eu,1", "eu,2"]);
    expect(counts).toMatchObject({ accepted: 2, suppressed: 0 });
    expect(world.bucket.reported().map(({ user }) => user.userId)).toEqual(["2"]);
  });
});

describe("a test with one record", () => {
  it("sends one of a table where nothing changed, though the source could sum", async () => {
    const world = worldOf(["1", "2", "3"]);
    const plan = { ...PLAN, engine: "checksum" } as const;
    await world.run(plan);

    const { state, counts } = await world.run({ ...plan, kind: "test" });

    expect({ state, accepted: counts.accepted }).toEqual({ state: "completed", accepted: 1 });
  });
});

describe("a run of which sums showed that much changed", () => {
  it("goes on reading every row where it was killed, and does not sum again", async () => {
    const users = Array.from({ length: 10_500 }, (_, at) => `user-${at}`);
    const limits = { records: 2_000, bytes: 10_000_000, calls: 1 };
    const world = worldOf(users, { limits, fileChars: 50_000, pieceChanges: 500 });
    await world.run(PLAN);
    await world.run(PLAN);
    world.table.rows = users.map((id): SourceRow => ["eu", id, "another name", "x"]);
    const sums = vi.spyOn(MemorySql.prototype, "sums");
    const stepsBeforeDeath = 400;

    const run = await world.run({ ...PLAN, weather: { ...CALM, crashes: [stepsBeforeDeath] } });

    expect(run.engine).toMatchObject({
      kind: "ordered_merge",
      why: expect.stringContaining("So much"),
    });
    expect(run.counts).toMatchObject({ updates: users.length, accepted: users.length });
    expect(sums).toHaveBeenCalledTimes(1);
  });
});

import { describe, expect, it } from "vitest";

import type { SourceRow } from "../../../../src/sync/source/source.ts";
import { CALM, type Life, type RunPlan } from "../../../support/sync/run-model.ts";
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

const PLAN: RunPlan = {
  edits: [],
  kind: "sync",
  isFull: false,
  chosen: undefined,
  constant: "one",
  suppressed: [],
  weather: CALM,
  sliceMs: 1_000_000,
  engine: "ordered_merge",
};

/** A table with these users in it. */
function worldOf(users: readonly string[], life: Partial<Life> = {}): RunWorld {
  const world = new RunWorld({ ...LIFE, ...life });
  world.table.rows = users.map((id): SourceRow => ["eu", id, `name of ${id}`, "x"]);
  return world;
}

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

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
  engine: "checksum",
};

describe("a test with one record", () => {
  it("sends one of a table where nothing changed, though the source could sum", async () => {
    const world = new RunWorld(LIFE);
    world.table.rows = ["1", "2", "3"].map((id): SourceRow => ["eu", id, `name of ${id}`, "x"]);
    await world.run(PLAN);

    const { state, counts } = await world.run({ ...PLAN, kind: "test" });

    expect({ state, accepted: counts.accepted }).toEqual({ state: "completed", accepted: 1 });
  });
});

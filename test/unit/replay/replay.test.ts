import { describe, expect, it } from "vitest";

import { stateAfter, type ReplayAct, type ReplayState } from "../../../src/replay/replay.ts";

const ACTS: readonly ReplayAct[] = ["start", "pause", "resume", "cancel"];

/** What each act makes of each state; a dash where it is refused. */
const TABLE: Readonly<Record<ReplayState, readonly string[]>> = {
  counting: ["-", "-", "-", "cancelled"],
  planned: ["running", "-", "-", "cancelled"],
  running: ["running", "paused", "running", "cancelled"],
  paused: ["-", "paused", "running", "cancelled"],
  done: ["-", "-", "-", "-"],
  cancelled: ["-", "-", "-", "cancelled"],
  failed: ["-", "-", "running", "cancelled"],
};

describe("stateAfter()", () => {
  it.each(Object.entries(TABLE))("knows what every act makes of %s", (state, wanted) => {
    const found = ACTS.map((act) => stateAfter(state as ReplayState, act) ?? "-");

    expect(found).toEqual(wanted);
  });
});

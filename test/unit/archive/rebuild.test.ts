import { describe, expect, it } from "vitest";
import { newRebuild, postpone, type RebuildJob } from "../../../src/archive/rebuild.ts";
import type { SourceId } from "../../../src/core/ids.ts";

const SOURCE_ID: SourceId = "src_eu_0123456789abcdefghjkmnpqrs";

/** The delays, in ms, of a rebuild that never gets anywhere. */
function delays(): readonly number[] {
  const all: number[] = [];
  let job: RebuildJob = newRebuild("job_x", SOURCE_ID, { fingerprintKey: "" }, 0);
  for (;;) {
    job = postpone(job, "SlowDown", 0);
    if (job.progress.state !== "running") return all;
    all.push(job.nextAtMs);
  }
}

describe("postpone()", () => {
  it("waits 1 s at first, longer each time, a minute at most", () => {
    expect(delays().slice(0, 8)).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
  });

  it("gives up after about an hour and a half", () => {
    const minutes = delays().reduce((sum, ms) => sum + ms, 0) / 60_000;

    expect(Math.round(minutes)).toBe(94);
  });
});

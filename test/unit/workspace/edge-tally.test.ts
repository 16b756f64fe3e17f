import { describe, expect, it } from "vitest";

import type { EdgeCount } from "../../../src/region/edge.ts";
import { EdgeTally, type TallyDeps } from "../../../src/workspace/edge-tally.ts";
import type { EdgeTarget } from "../../../src/services.ts";

const HOUR_MS = Date.parse("2026-11-22T12:00:00.000Z");
const WORKSPACE = "ws_eu_0123456789abcdef";

/** An isolate whose clock and whose objects the test moves. */
class Isolate {
  readonly told: [EdgeTarget, readonly EdgeCount[]][] = [];
  readonly waits: number[] = [];
  readonly tally = new EdgeTally();
  nowMs = HOUR_MS;
  isReachable = true;
  /** Lets what waits go on. */
  #release: (() => void)[] = [];
  readonly #work: Promise<unknown>[] = [];

  readonly #deps: TallyDeps = {
    now: () => this.nowMs,
    later: (work) => void this.#work.push(work),
    wait: (ms) => {
      this.waits.push(ms);
      return new Promise<void>((resolve) => this.#release.push(resolve));
    },
    tell: async (target, counts) => {
      if (!this.isReachable) throw new Error("out of reach");
      this.told.push([target, counts]);
    },
  };

  count(target: EdgeTarget, colo = "IAD"): void {
    this.tally.count(target, colo, "held", this.#deps);
  }

  async goOn(): Promise<void> {
    for (const release of this.#release.splice(0)) release();
    await Promise.all(this.#work);
  }
}

const held = (count: number, colo = "IAD"): EdgeCount => ({
  colo,
  outcome: "held",
  hourMs: HOUR_MS,
  count,
});

describe("EdgeTally", () => {
  it("tells the first count at once", async () => {
    const isolate = new Isolate();

    isolate.count("eu");
    await isolate.goOn();

    expect([isolate.waits, isolate.told]).toEqual([[0], [["eu", [held(1)]]]]);
  });

  it("tells many counts with one call, ten seconds after the last", async () => {
    const isolate = new Isolate();
    isolate.count("eu");
    await isolate.goOn();
    isolate.nowMs += 1000;

    for (let i = 0; i < 500; i++) isolate.count("eu");
    await isolate.goOn();

    expect(isolate.waits).toEqual([0, 9000]);
    expect(isolate.told.slice(1)).toEqual([["eu", [held(500)]]]);
  });

  it("tells each target of its own places only", async () => {
    const isolate = new Isolate();

    isolate.count("eu");
    isolate.count(WORKSPACE, "SIN");
    await isolate.goOn();

    expect(isolate.told).toEqual([
      ["eu", [held(1)]],
      [WORKSPACE, [held(1, "SIN")]],
    ]);
  });

  it("keeps what could not be told for the next time", async () => {
    const isolate = new Isolate();
    isolate.isReachable = false;
    isolate.count("eu");
    await isolate.goOn();
    isolate.isReachable = true;
    isolate.nowMs += 60_000;

    isolate.count("eu");
    await isolate.goOn();

    expect(isolate.told).toEqual([["eu", [held(2)]]]);
  });

  it("goes on when the request that was to tell was cut off", async () => {
    const isolate = new Isolate();
    isolate.count("eu");
    isolate.nowMs += 60_000;

    isolate.count("eu");

    expect(isolate.waits).toHaveLength(2);
  });

  it("counts each hour by itself", async () => {
    const isolate = new Isolate();
    isolate.count("eu");
    isolate.nowMs += 3_600_000;

    isolate.count("eu");
    await isolate.goOn();

    const [[, counts] = ["eu", []]] = isolate.told;
    expect(counts.map(({ hourMs }) => hourMs)).toEqual([HOUR_MS, HOUR_MS + 3_600_000]);
  });

  it("holds so many kinds at most", async () => {
    const isolate = new Isolate();
    const code = (i: number): string => `A${i}`;

    for (let i = 0; i < 6000; i++) isolate.count("eu", code(i));
    await isolate.goOn();

    expect(isolate.told[0]?.[1]).toHaveLength(5000);
  });
});

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import {
  GRACE_MS,
  goOnLeaving,
  leavingDelayMs,
  newLeaving,
  SOURCE_STEPS,
  type Leaving,
  type LeavingDone,
  type LeavingPorts,
  type LeavingProgress,
  type LeavingStep,
} from "../../../src/workspace/leaving.ts";

const JOB = "job_eu_0123456789abcdefghjkmnpqrs";
const SOURCE = "src_eu_0123456789abcdefghjkmnpqrs";
const NOW_MS = Date.UTC(2026, 10, 22);
const LATE_MS = 1_200_000;
const AT = { nowMs: NOW_MS, deletesAtMs: NOW_MS + GRACE_MS };

/** Objects and buckets that do what they are asked, or not, as the weather is. */
class World {
  readonly done: string[] = [];
  saved: LeavingProgress;
  readonly #weather: Iterator<"works" | "fails" | "again" | "kill">;

  constructor(from: LeavingProgress, weather: Iterator<"works" | "fails" | "again" | "kill">) {
    this.saved = from;
    this.#weather = weather;
  }

  ports(): LeavingPorts {
    return {
      units: (step) => [`${step} a`, `${step} b`],
      work: (step, unit) => this.#work(step, unit),
      save: (progress) => {
        this.saved = progress;
      },
      now: () => NOW_MS,
      isOver: () => false,
    };
  }

  async #work(_step: LeavingStep, unit: string): Promise<LeavingDone> {
    const today = this.#weather.next().value;
    if (today === "fails") throw new Error("no answer");
    if (today === "again") return { isOver: false, counts: { files: 1 } };
    this.done.push(unit);
    if (today === "kill") throw new Killed();
    return { isOver: true, counts: { files: 1 } };
  }
}

/** The unit was done, and nothing of it was written down. */
class Killed extends Error {}

const weathers = fc.infiniteStream(fc.constantFrom("works", "works", "fails", "again", "kill"));

async function untilDone(world: World): Promise<LeavingProgress> {
  for (let i = 0; i < 1000; i++) {
    const { saved } = world;
    if (saved.step === "done") return saved;
    await goOnLeaving(SOURCE, saved, world.ports());
  }
  throw new Error("The deletion does not come to an end");
}

describe("goOnLeaving()", () => {
  it("does every unit, none before all of the steps before it, however it is disturbed", async () => {
    await fc.assert(
      fc.asyncProperty(weathers, async (weather) => {
        const world = new World(newLeaving(JOB, SOURCE, AT).progress, weather);
        await untilDone(world);

        const first = [...new Set(world.done)].map((unit) => unit.split(" ")[0]);
        expect(first).toEqual(SOURCE_STEPS.flatMap((step) => [step, step]));
      }),
      { numRuns: 50 },
    );
  });

  it("adds up what was done, also of units that take more than one go", async () => {
    const weather = ["again", "again", "works"][Symbol.iterator]() as Iterator<"again">;
    const world = new World(newLeaving(JOB, SOURCE, AT).progress, weather);

    await goOnLeaving(SOURCE, world.saved, { ...world.ports(), units: () => ["turn a"] });
    await goOnLeaving(SOURCE, world.saved, { ...world.ports(), units: () => ["turn a"] });

    expect(world.saved.counts.files).toBe(2);
  });
});

describe("leavingDelayMs()", () => {
  const erasing = (progress: Partial<LeavingProgress>): Leaving => {
    const leaving = newLeaving(JOB, SOURCE, AT);
    return { ...leaving, state: "erasing", progress: { ...leaving.progress, ...progress } };
  };

  it("is what is left of the grace", () => {
    const leaving = newLeaving(JOB, SOURCE, AT);

    expect(leavingDelayMs(leaving, NOW_MS + GRACE_MS / 2, LATE_MS)).toBe(GRACE_MS / 2);
  });

  it("waits until no PUT can land any more before it looks again", () => {
    const leaving = erasing({ step: "late", closedAtMs: NOW_MS });

    expect(leavingDelayMs(leaving, NOW_MS + 1000, LATE_MS)).toBe(LATE_MS - 1000);
  });

  it("asks a bucket that refuses less often than an object that does not answer", () => {
    const [bucket, object] = (["files", "queues"] as const).map((step) =>
      leavingDelayMs(erasing({ step, waitsFor: "AccessDenied" }), NOW_MS, LATE_MS),
    );

    expect((bucket ?? 0) > (object ?? 0)).toBe(true);
  });

  it("has no work left once it is done", () => {
    const leaving = { ...erasing({ step: "done" }), state: "done" } as const;

    expect(leavingDelayMs(leaving, NOW_MS, LATE_MS)).toBeUndefined();
  });
});

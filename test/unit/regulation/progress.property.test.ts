import fc from "fast-check";
import { describe, expect, it } from "vitest";

import {
  goOn,
  newProgress,
  outcomeOf,
  stepsOf,
  type Progress,
  type Step,
  type UnitResult,
} from "../../../src/regulation/progress.ts";
import { REGULATION_TYPES, type RegulationType } from "../../../src/regulation/regulation.ts";

const type = fc.constantFrom(...REGULATION_TYPES);

/** What happens to one piece of work: it is done, goes on later, does not answer, or all is killed. */
const fate = fc.constantFrom("over", "more", "fails", "killed");

class Killed extends Error {}

/** Objects that do what they are asked as fates say, and a disk that outlives kills. */
class World {
  /** `step unit` in the order in which they came to their end. */
  readonly over: string[] = [];
  readonly #fates: string[];
  readonly #type: RegulationType;
  #disk: string;

  constructor(of: RegulationType, fates: readonly string[]) {
    this.#type = of;
    this.#fates = [...fates];
    this.#disk = JSON.stringify(newProgress(of));
  }

  get progress(): Progress {
    return JSON.parse(this.#disk) as Progress;
  }

  /** One life of the object that works: until it can do no more, or is killed. */
  async live(): Promise<void> {
    let isKilled = false;
    await goOn(this.#type, this.progress, {
      units: () => ["a", "b"],
      work: async (step, unit) => {
        const result = this.#work(step, unit);
        if (result === "killed") isKilled = true;
        if (typeof result === "string") throw new Killed();
        return result;
      },
      save: (progress) => {
        this.#disk = JSON.stringify(progress);
      },
      isOver: () => isKilled,
    });
  }

  #work(step: Step, unit: string): UnitResult | "fails" | "killed" {
    const drawn = this.#fates.shift() ?? "over";
    if (drawn === "fails") return "fails";
    if (drawn === "more") return { isOver: false, note: "position" };
    this.over.push(`${step} ${unit}`);
    // Done, but the one who asked did not live to hear of it.
    return drawn === "killed" ? "killed" : { isOver: true, counts: { done: 1 } };
  }
}

describe("goOn()", () => {
  it("brings every unit of every step to its end, in the order of the steps, through kills", async () => {
    await fc.assert(
      fc.asyncProperty(type, fc.array(fate, { maxLength: 30 }), async (of, fates) => {
        const world = new World(of, fates);

        for (let i = 0; i <= fates.length && world.progress.step !== "done"; i++)
          await world.live();

        const steps = stepsOf(of);
        const first = [...new Set(world.over)];
        expect(world.progress.step).toBe("done");
        expect(first.map((each) => each.split(" ")[0])).toEqual(steps.flatMap((s) => [s, s]));
      }),
    );
  });

  it("begins no step before every unit of the one before it is over", async () => {
    await fc.assert(
      fc.asyncProperty(type, fc.array(fate, { maxLength: 30 }), async (of, fates) => {
        const world = new World(of, fates);

        for (let i = 0; i <= fates.length; i++) await world.live();

        const steps = stepsOf(of);
        const places = world.over.map((each) => steps.findIndex((s) => each.startsWith(`${s} `)));
        expect(places).toEqual(places.toSorted((a, b) => a - b));
      }),
    );
  });

  it("keeps what a unit wrote down until it is over", async () => {
    const notes: (string | undefined)[] = [];
    let progress = newProgress("SUPPRESS_ONLY");
    for (const isOver of [false, true]) {
      progress = await goOn("SUPPRESS_ONLY", progress, {
        units: () => ["a"],
        work: async (_step, _unit, note) => {
          notes.push(note);
          return isOver ? { isOver } : { isOver, note: "half" };
        },
        save: () => undefined,
        isOver: () => false,
      });
    }

    expect([notes, progress.step]).toEqual([[undefined, "half"], "done"]);
  });
});

describe("stepsOf()", () => {
  it.each<[RegulationType, readonly Step[]]>([
    ["SUPPRESS_ONLY", ["suppress"]],
    ["UNSUPPRESS", ["suppress"]],
    ["DELETE_ARCHIVE_ONLY", ["settle", "link", "archive", "verify", "scrub"]],
    ["DELETE_INTERNAL", ["settle", "link", "archive", "lanes", "stores", "verify", "scrub"]],
    [
      "DELETE_ONLY",
      ["settle", "link", "archive", "lanes", "stores", "destinations", "verify", "scrub"],
    ],
    [
      "SUPPRESS_WITH_DELETE",
      [
        "suppress",
        "settle",
        "link",
        "archive",
        "lanes",
        "stores",
        "destinations",
        "verify",
        "scrub",
      ],
    ],
  ])("of %s are %j", (of, steps) => {
    expect(stepsOf(of)).toEqual(steps);
  });
});

describe("outcomeOf()", () => {
  const base = newProgress("DELETE_ONLY");
  const part = { id: "dst_eu_x", name: "webhook" };

  it("is FINISHED although a destination cannot forget", () => {
    expect(outcomeOf({ ...base, parts: [{ ...part, status: "NOT_SUPPORTED" }] })).toBe("FINISHED");
  });

  it.each(["data-lake", "s3-copy", "postgres"])(
    "is PARTIAL_SUCCESS while %s still holds the user",
    (name) => {
      const parts = [{ ...part, name, status: "NOT_SUPPORTED" } as const];

      expect(outcomeOf({ ...base, parts })).toBe("PARTIAL_SUCCESS");
    },
  );

  it("is PARTIAL_SUCCESS when a destination failed to", () => {
    expect(outcomeOf({ ...base, parts: [{ ...part, status: "FAILED" }] })).toBe("PARTIAL_SUCCESS");
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";

import type { ArchiveLocation } from "../../../../src/region/regions.ts";
import { appendOf } from "../../../support/appends.ts";
import { NodeStorage } from "../../../support/node-storage.ts";
import { QueueModel } from "../../../support/queue-model.ts";
import {
  Killed,
  SUSPECT_MS,
  World,
  type CheckDeath,
  type PutFault,
} from "../../../support/queue-world.ts";
import { sourceConfigOf } from "../../../support/source-configs.ts";

type Step =
  | { readonly kind: "append"; readonly ids: readonly number[] }
  | {
      readonly kind: "archive";
      readonly fault: PutFault;
      readonly record: "ok" | "before" | "after";
    }
  | { readonly kind: "disk-fails"; readonly statements: number }
  | { readonly kind: "dark"; readonly location: ArchiveLocation; readonly isDark: boolean }
  | { readonly kind: "narrow"; readonly locations: readonly ArchiveLocation[] }
  | { readonly kind: "land" }
  | { readonly kind: "check"; readonly dies: CheckDeath | undefined }
  | { readonly kind: "maintain" }
  | { readonly kind: "wait"; readonly ms: number }
  | { readonly kind: "kill" };

const BOTH: readonly ArchiveLocation[] = ["eu-west-1", "eu-central-1"];

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("append" as const),
      ids: fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 8 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("archive" as const),
      fault: fc.constantFrom<PutFault>(
        "none",
        "refused-before",
        "lost-after",
        "lost-late",
        "crash-before",
        "crash-after",
        "crash-late",
      ),
      record: fc.constantFrom("ok" as const, "before" as const, "after" as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("disk-fails" as const),
      statements: fc.integer({ min: 1, max: 6 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("dark" as const),
      location: fc.constantFrom(...BOTH),
      isDark: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("narrow" as const),
      locations: fc.constantFrom(BOTH, BOTH.slice(0, 1), BOTH.slice(1), BOTH.toReversed()),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ kind: "land" as const }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("check" as const),
      dies: fc.constantFrom<CheckDeath | undefined>(undefined, "before-removal", "after-removal"),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ kind: "maintain" as const }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("wait" as const),
      ms: fc.integer({ min: 1, max: 4_000_000 }),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ kind: "kill" as const }) },
);

/** Plays the steps against one queue whose disk, buckets and catalogue survive every kill. */
class Story {
  readonly disk = new NodeStorage();
  readonly clock = { nowMs: Date.UTC(2026, 10, 22, 12) };
  readonly world = new World(this.clock);
  readonly acknowledged = new Set<string>();
  readonly sent = new Set<string>();
  #queue = this.#restart();

  async play(step: Step): Promise<void> {
    try {
      await this.#act(step);
    } catch {
      this.disk.failAfter(undefined);
      this.#queue = this.#restart();
    }
  }

  /** Archives what is left, with nothing in the way, and waits until nothing can land any more. */
  async settle(): Promise<void> {
    this.world.heal();
    this.disk.failAfter(undefined);
    this.#queue = this.#restart();
    while ((await this.#queue.archive()).kind === "archived");
    while (this.world.landOne());
    this.clock.nowMs += SUSPECT_MS;
    await this.world.check();
  }

  #restart(): QueueModel {
    return new QueueModel(this.disk, this.world, this.clock, sourceConfigOf());
  }

  async #act(step: Step): Promise<void> {
    switch (step.kind) {
      case "append": {
        const ids = step.ids.map((id) => `m${id}`);
        for (const id of ids) this.sent.add(id);
        if (this.#queue.append(appendOf(ids)).kind !== "accepted") throw new Error("Not accepted");
        for (const id of ids) this.acknowledged.add(id);
        return;
      }
      case "archive":
        this.world.fault = step.fault;
        this.world.crashBeforeRecord = step.record === "before";
        this.world.crashAfterRecord = step.record === "after";
        await this.#queue.archive();
        return;
      case "dark":
        if (step.isDark) this.world.dark.add(step.location);
        else this.world.dark.delete(step.location);
        return;
      case "narrow":
        this.world.locations = step.locations;
        return;
      case "land":
        this.world.landOne();
        return;
      case "check":
        return this.world.check(step.dies);
      case "disk-fails":
        this.disk.failAfter(step.statements);
        return;
      case "maintain":
        this.#queue.storage.rotateIfDue(this.clock.nowMs);
        this.#queue.storage.dropConsumed(this.#queue.files.archivedSeq());
        this.#queue.storage.mergeSlice(this.clock.nowMs);
        return;
      case "wait":
        this.clock.nowMs += step.ms;
        return;
      case "kill":
        throw new Killed();
    }
  }
}

describe("the queue, killed and failing anywhere", () => {
  it("archives every acknowledged event once over both locations, and nothing that was not sent", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const story = new Story();
        for (const each of steps) await story.play(each);
        await story.settle();

        const archived = story.world.archived();
        expect(new Set(archived).size).toBe(archived.length);
        expect([...story.acknowledged].filter((id) => !archived.includes(id))).toEqual([]);
        expect(archived.filter((id) => !story.sent.has(id))).toEqual([]);
        expect(story.world.suspects.count()).toBe(0);
        expect([...story.world.objects.keys()].toSorted()).toEqual(
          [...story.world.catalogue.values()]
            .map(({ location, key }) => `${location}/${key}`)
            .toSorted(),
        );
      }),
      { numRuns: 300 },
    );
  });
});

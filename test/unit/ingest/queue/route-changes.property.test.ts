import fc from "fast-check";
import { describe, expect, it } from "vitest";

import type { RouteChange } from "../../../../src/workspace/route.ts";
import { RouteModel } from "../../../support/route-model.ts";

type Step =
  /** `age` is how many routes ago the Worker last asked. */
  | { readonly kind: "send"; readonly id: number; readonly age: number }
  | { readonly kind: "change"; readonly change: RouteChange }
  | { readonly kind: "fence" }
  | { readonly kind: "kill"; readonly queue: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("send" as const),
      id: fc.nat({ max: 5 }),
      age: fc.nat({ max: 2 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("change" as const),
      change: fc.oneof(
        fc.record({ shards: fc.constantFrom(1, 2, 4) }),
        fc.record({ ingestRegion: fc.constantFrom("us1" as const, "ap1" as const) }),
      ),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: "fence" as const }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("kill" as const), queue: fc.nat({ max: 7 }) }),
  },
);

describe("events sent again while shards and ingest region change and queues are killed", () => {
  it("are stored once if they are acknowledged, and never twice", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 2, maxLength: 24 }),
        fc.scheduler(),
        async (steps, scheduler) => {
          const model = new RouteModel(async (what, call) => {
            await scheduler.schedule(Promise.resolve(), what);
            const answer = await call();
            await scheduler.schedule(Promise.resolve(), `answer ${what}`);
            return answer;
          });
          const routes = [model.route];
          const sequence = scheduler.scheduleSequence(
            steps.map((each) => ({
              label: each.kind,
              builder: async () => {
                if (each.kind === "send") {
                  void model.send(`m${each.id}`, routes.at(-1 - each.age) ?? model.route);
                } else if (each.kind === "change") {
                  void model.change(each.change);
                  routes.push(model.route);
                } else if (each.kind === "fence") void model.fence();
                else model.kill(each.queue);
              },
            })),
          );
          await scheduler.waitFor(sequence.task);
          await scheduler.waitIdle();

          const stored = model.stored();
          expect(stored.toSorted()).toEqual([...new Set(stored)].toSorted());
          expect([...model.acknowledged].filter((id) => !stored.includes(id))).toEqual([]);
        },
      ),
      { numRuns: 300 },
    );
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";

import type { DeliveryOutcome } from "../../../../src/deliver/deliverer.ts";
import { LaneWorld, type Attempt } from "../../../support/deliver/lane-world.ts";

const DELIVERED: DeliveryOutcome = { kind: "delivered", status: 200 };
const DOWN: DeliveryOutcome = { kind: "retry", code: "503" };
const HOUR_MS = 3_600_000;

const users = fc.array(fc.constantFrom("a", "b", "c", "d"), { minLength: 1, maxLength: 40 });
const batches = fc.constantFrom(1, 5, 100).map((events) => ({ events, bytes: 100_000 }));

/** Outcomes by event and how often it was tried: a destination that fails at random, and recovers. */
function flaky(failures: readonly number[]) {
  const tries = new Map<string, number>();
  return (event: Readonly<Record<string, unknown>>): DeliveryOutcome => {
    const id = String(event["messageId"]);
    const number = (tries.get(id) ?? 0) + 1;
    tries.set(id, number);
    const wanted = failures[id.length % failures.length] ?? 0;
    return number <= wanted ? DOWN : DELIVERED;
  };
}

function settled(world: LaneWorld): readonly string[] {
  return [...new Set([...world.delivered, ...world.dead.map(({ messageId }) => messageId)])];
}

function attemptsOf(attempts: readonly Attempt[], messageId: string): readonly Attempt[] {
  return attempts.filter((attempt) => attempt.messageId === messageId);
}

describe("a lane", () => {
  it("delivers every event exactly once while nothing fails", async () => {
    await fc.assert(
      fc.asyncProperty(users, batches, async (names, batch) => {
        const world = new LaneWorld({ batch, answer: () => DELIVERED });
        world.append(names);

        await world.runUntil(world.nowMs + 1000);

        expect(world.delivered).toEqual(expect.arrayContaining([...world.all]));
        expect(world.delivered).toHaveLength(world.all.length);
      }),
      { numRuns: 50 },
    );
  });

  it("loses nothing to crashes at any statement, and keeps each event's key", async () => {
    await fc.assert(
      fc.asyncProperty(
        users,
        batches,
        fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 6 }),
        fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 4 }),
        async (names, batch, crashes, failures) => {
          const world = new LaneWorld({ batch, answer: flaky(failures) });
          world.append(names);
          for (const statements of crashes) {
            await world.crashAfter(statements);
            world.nowMs += 2_000;
          }

          await world.runUntil(world.nowMs + 4 * HOUR_MS);

          expect(settled(world).toSorted()).toEqual(world.all.toSorted());
          expect(world.dead).toEqual([]);
          const keys = world.all.map(
            (id) => new Set(attemptsOf(world.attempts, id).map(({ key }) => key)).size,
          );
          expect(new Set(keys)).toEqual(new Set([1]));
        },
      ),
      { numRuns: 100 },
    );
  });

  it("keeps the order of each user's events where they are sent one by one", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(users, { minLength: 1, maxLength: 5 }),
        fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 4 }),
        fc.boolean(),
        async (parts, failures, restarts) => {
          const world = new LaneWorld({ answer: flaky(failures) });
          for (const names of parts) {
            world.append(names);
            await world.runUntil(world.nowMs + 3_000);
            if (restarts) world.restart();
          }
          await world.runUntil(world.nowMs + 4 * HOUR_MS);

          expect(world.delivered).toHaveLength(world.all.length);
          for (const user of ["a", "b", "c", "d"]) {
            const own = (id: string): boolean => id.startsWith(`${user}-`);
            expect(world.delivered.filter(own)).toEqual(world.all.filter(own));
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  it("never tries an event again sooner than the destination asked for", async () => {
    await fc.assert(
      fc.asyncProperty(
        users,
        batches,
        fc.integer({ min: 1, max: 7_200 }),
        async (names, batch, seconds) => {
          let asked = 0;
          const world = new LaneWorld({
            batch,
            answer: () =>
              asked++ < 5
                ? { kind: "retry", code: "429", retryAfterMs: seconds * 1000 }
                : DELIVERED,
          });
          world.append(names);

          await world.runUntil(world.nowMs + 24 * HOUR_MS);

          for (const id of world.all) {
            const attempts = attemptsOf(world.attempts, id);
            attempts.slice(1).forEach((attempt, i) => {
              const wait = attempt.atMs - (attempts[i]?.atMs ?? 0);
              expect(wait).toBeGreaterThanOrEqual(attempts[i]?.retryAfterMs ?? 0);
            });
          }
          expect(settled(world)).toHaveLength(world.all.length);
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe("an event that the destination never takes", () => {
  it.each([1, 10, 100])(
    "becomes a dead letter while the rest flows, in calls of %s",
    async (events) => {
      const poisoned = new LaneWorld({
        batch: { events, bytes: 100_000 },
        answer: (event) =>
          event["userId"] === "poison" ? { kind: "rejected", code: "400" } : DELIVERED,
      });
      poisoned.append(Array.from({ length: 99 }, (_, i) => `u${i}`));
      poisoned.append(["poison", "after"]);

      await poisoned.runUntil(poisoned.nowMs + 1000);

      expect(poisoned.dead).toEqual([{ messageId: "poison-100", code: "400" }]);
      expect(poisoned.delivered).toHaveLength(100);
    },
  );

  it("is found in a batch that the destination refuses as a whole", async () => {
    const isSpoilt = (event: Readonly<Record<string, unknown>>): boolean =>
      event["userId"] === "poison";
    const world = new LaneWorld({
      batch: { events: 100, bytes: 100_000 },
      answerAll: (events) =>
        events.some(isSpoilt) ? { kind: "rejected", code: "400" } : DELIVERED,
    });
    world.append([...Array.from({ length: 98 }, (_, i) => `u${i}`), "poison", "after"]);

    await world.runUntil(world.nowMs + 1000);

    expect(world.dead).toEqual([{ messageId: "poison-99", code: "400" }]);
    expect(new Set(world.delivered).size).toBe(99);
  });

  it("is not looked for when the destination refuses the credential", async () => {
    const world = new LaneWorld({
      batch: { events: 100, bytes: 100_000 },
      answerAll: () => ({ kind: "rejected", code: "401" }),
    });
    world.append(Array.from({ length: 100 }, (_, i) => `u${i}`));

    await world.runUntil(world.nowMs + 1000);

    expect(world.calls).toBe(1);
  });
});

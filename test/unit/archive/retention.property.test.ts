import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import {
  cutoffOf,
  expiryOf,
  narrowRetention,
  newRetention,
  nextSweepAt,
  runRetention,
  type RetentionDays,
  type RetentionJob,
} from "../../../src/archive/retention.ts";
import type { OwnBucketName } from "../../../src/region/own-bucket.ts";
import { sweepMonth, type OldFile } from "../../../src/archive/sweep-month.ts";
import { err, ok } from "../../../src/core/result.ts";
import type { Bucket } from "../../../src/s3/bucket.ts";
import type { BucketFailure } from "../../../src/s3/failures.ts";

const DAY_MS = 86_400_000;
const START_MS = Date.UTC(2026, 0, 1);
const SOURCE_ID = "src_eu_0123456789abcdefghjkmnpqrs";

const SLOW_DOWN: BucketFailure = { kind: "unavailable", status: 503, code: "SlowDown" };

type Held = OldFile & { readonly lastMs: number };

/** The archive of one source, month by month, and the bucket behind it. */
class World {
  readonly months = new Map<string, Map<string, Held>>();
  readonly objects = new Set<string>();
  failure: (key: string) => BucketFailure | undefined = () => undefined;

  add(lastMs: number): string {
    const month = new Date(lastMs).toISOString().slice(0, 7);
    const key = `${lastMs}`;
    const files = this.months.get(month) ?? new Map<string, Held>();
    files.set(key, { key, events: 1, gzipBytes: 10, places: ["eu-west-1"], lastMs });
    this.months.set(month, files);
    this.objects.add(key);
    return key;
  }

  keys(): readonly string[] {
    return [...this.months.values()].flatMap((files) => [...files.keys()]).toSorted();
  }

  run(job: RetentionJob, nowMs: number, slice = Infinity): Promise<RetentionJob> {
    let asked = 0;
    return runRetention(job, {
      months: () => [...this.months.keys()].toSorted(),
      sweep: (month, beforeMs, after) => this.#sweep(month, beforeMs, after),
      save: () => undefined,
      now: () => nowMs,
      isOver: () => asked++ >= slice,
    });
  }

  #sweep(month: string, beforeMs: number, after: string | undefined) {
    const files = this.months.get(month) ?? new Map<string, Held>();
    return sweepMonth(
      {
        old: (from, max) =>
          [...files.values()]
            .filter(({ lastMs, key }) => lastMs < beforeMs && key > (from ?? ""))
            .toSorted((a, b) => (a.key < b.key ? -1 : 1))
            .slice(0, max)
            .map((file) => ({ ...file, position: file.key })),
        bucket: async () => ({ removeMany: async (keys) => this.#removeMany(keys) }),
        forget: (keys) => {
          for (const key of keys) files.delete(key);
        },
      },
      after,
    );
  }

  #removeMany(keys: readonly string[]): Awaited<ReturnType<Bucket["removeMany"]>> {
    const refused = new Map<string, string>();
    for (const key of keys) {
      const failure = this.failure(key);
      if (failure === undefined) this.objects.delete(key);
      else if (failure.kind === "refused") refused.set(key, failure.code);
      else return err(failure);
    }
    return ok({ refused });
  }
}

function job(days: number | "unlimited", nowMs: number): RetentionJob {
  return newRetention("job_eu_0123456789abcdefghjkmnpqrs", days, nowMs);
}

describe("retention over 400 days", () => {
  it.each([1, 7, 14, 30, 90, 180, 365] as const)(
    "keeps exactly what is %d days old or younger",
    async (days) => {
      const world = new World();
      const received: number[] = [];
      for (let day = 0; day < 400; day++) {
        const todayMs = START_MS + day * DAY_MS;
        for (const at of [0, DAY_MS / 2, DAY_MS - 1]) {
          world.add(todayMs + at);
          received.push(todayMs + at);
        }
        // The sweep of a day runs early on the day after it.
        const nowMs = todayMs + DAY_MS + 60_000;
        await world.run(job(days, nowMs), nowMs);
        const kept = received.filter((ms) => ms >= START_MS + (day + 1 - days) * DAY_MS);
        expect(world.keys()).toEqual(kept.map(String).toSorted());
      }
    },
  );

  it("keeps exactly that, whatever days the bucket is down or slow to answer", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(1, 7, 30, 90, 365),
        fc.infiniteStream(fc.constantFrom("down", "half", "up", "up")),
        async (days, weather) => {
          const world = new World();
          const received: number[] = [];
          for (let day = 0; day < 400; day++) {
            const todayMs = START_MS + day * DAY_MS;
            received.push(todayMs + DAY_MS / 3, todayMs + DAY_MS - 1);
            for (const ms of received.slice(-2)) world.add(ms);
            const today = weather.next().value ?? "up";
            world.failure = (key) =>
              today === "down" || (today === "half" && Number(key) % 2 === 1)
                ? SLOW_DOWN
                : undefined;
            const nowMs = todayMs + DAY_MS + 60_000;
            await world.run(job(days, nowMs), nowMs);
          }
          world.failure = () => undefined;
          const nowMs = START_MS + 401 * DAY_MS;
          await world.run(job(days, nowMs), nowMs);

          const kept = received.filter((ms) => ms >= nowMs - days * DAY_MS).map(String);
          expect([world.keys(), [...world.objects].toSorted()]).toEqual([
            kept.toSorted(),
            kept.toSorted(),
          ]);
        },
      ),
      { numRuns: 20 },
    );
  });

  it("removes nothing when it is unlimited", async () => {
    const world = new World();
    world.add(0);

    const done = await world.run(job("unlimited", START_MS), START_MS);

    expect([done.progress.state, world.objects.size]).toEqual(["done", 1]);
  });
});

describe("a sweep", () => {
  it("removes the same files however it is cut into slices", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.integer({ min: 0, max: 120 }), { maxLength: 40 }),
        fc.integer({ min: 1, max: 3 }),
        async (days, slice) => {
          const world = new World();
          for (const day of days) world.add(START_MS + day * DAY_MS);
          const nowMs = START_MS + 60 * DAY_MS;
          let swept = job(7, nowMs);
          while (swept.progress.state === "running") swept = await world.run(swept, nowMs, slice);
          const kept = days.filter((day) => day >= 53).length;
          expect([world.objects.size, swept.progress.files]).toEqual([kept, days.length - kept]);
        },
      ),
    );
  });

  it("goes through a month of more files than one call takes", async () => {
    const world = new World();
    for (let i = 0; i < 2500; i++) world.add(START_MS + i);

    const done = await world.run(job(1, START_MS + 40 * DAY_MS), START_MS + 40 * DAY_MS);

    expect([done.progress.files, world.objects.size]).toEqual([2500, 0]);
  });

  it("keeps the row of a file that its bucket refuses to remove, and goes on", async () => {
    const world = new World();
    const refused = world.add(START_MS);
    world.add(START_MS + 1);
    world.failure = (key) =>
      key === refused ? { kind: "refused", status: 403, code: "AccessDenied" } : undefined;

    const done = await world.run(job(1, START_MS + 40 * DAY_MS), START_MS + 40 * DAY_MS);

    expect([done.progress, world.keys()]).toMatchObject([
      { state: "done", files: 1, refused: 1, error: "AccessDenied" },
      [refused],
    ]);
  });

  it("waits while the bucket does not answer, and forgets nothing that it did not remove", async () => {
    const world = new World();
    world.add(START_MS);
    world.failure = () => SLOW_DOWN;
    const nowMs = START_MS + 40 * DAY_MS;

    const waiting = await world.run(job(1, nowMs), nowMs);

    expect([waiting.progress.state, waiting.nextAtMs > nowMs, world.keys().length]).toEqual([
      "running",
      true,
      1,
    ]);
  });
});

describe("cutoffOf()", () => {
  it("is never later than the age, and never a day earlier", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1095 }), fc.nat(4e12), (days, nowMs) => {
        const ageMs = nowMs - (cutoffOf(days, nowMs) ?? 0);
        expect(ageMs >= days * DAY_MS && ageMs < (days + 1) * DAY_MS).toBe(true);
      }),
    );
  });
});

describe("narrowRetention()", () => {
  const begun = newRetention("job_eu_0123456789abcdefghjkmnpqrs", 7, START_MS, ["own-1", "own-2"]);
  const narrowed = (days: RetentionDays, swept: readonly OwnBucketName[]) =>
    narrowRetention(begun, { days, swept }, START_MS + DAY_MS);

  it("removes no file that is younger than its owner wants now", () => {
    expect(narrowed(365, [])?.beforeMs).toBe(cutoffOf(365, START_MS + DAY_MS));
  });

  it("removes no file that the sweep was not begun for", () => {
    expect(narrowed(1, [])?.beforeMs).toBe(begun.progress.beforeMs);
  });

  it("removes nothing in a bucket that its owner took out, or put in since", () => {
    expect(narrowed(7, ["own-2", "own-3"])?.own).toEqual(["own-2"]);
  });

  it("is over once files are kept for good", () => {
    expect(narrowed("unlimited", ["own-1"])).toBeUndefined();
  });
});

describe("expiryOf()", () => {
  it("is the first instant at which cutoffOf() lets a file go", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1095 }), fc.nat(4e12), (days, lastMs) => {
        const atMs = expiryOf(days, lastMs);
        expect([
          lastMs < (cutoffOf(days, atMs) ?? 0),
          lastMs < (cutoffOf(days, atMs - 1) ?? 0),
        ]).toEqual([true, false]);
      }),
    );
  });
});

describe("nextSweepAt()", () => {
  it("is within the first hour of the day that follows", () => {
    const sinceMs = nextSweepAt(START_MS + DAY_MS / 2, SOURCE_ID) - (START_MS + DAY_MS);

    expect(sinceMs >= 0 && sinceMs < 3_600_000).toBe(true);
  });
});

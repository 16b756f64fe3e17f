import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";

import {
  ConfigLease,
  LEASE_GRACE_MS,
  LEASE_MS,
  leaseState,
} from "../../../src/workspace/config-lease.ts";
import type { SourceConfig } from "../../../src/workspace/source-config.ts";
import { sourceConfigOf } from "../../support/source-configs.ts";

/** What the Workspace object answers: a version, that it knows no such source, or a fault. */
type Answer = number | "unknown" | "fault";

/** A lease with a clock and a Workspace object that the test moves and answers for. */
class Scene {
  nowMs = 1_000_000;
  answer: Answer = 1;
  asked = 0;
  readonly lease = new ConfigLease(
    () => this.#ask(),
    () => this.nowMs,
  );
  /** While set, questions wait for it before they are answered. */
  gate: Promise<void> | undefined;

  async version(): Promise<number | string> {
    const leased = await this.lease.get();
    return leased.kind === "found" ? leased.config.version : leased.kind;
  }

  async #ask(): Promise<SourceConfig | undefined> {
    this.asked++;
    const { answer } = this;
    await this.gate;
    if (answer === "fault") throw new Error("the object cannot be reached");
    return answer === "unknown" ? undefined : sourceConfigOf({ version: answer });
  }
}

/** A scene whose lease was taken now, with version 1. */
async function leasedScene(): Promise<Scene> {
  const scene = new Scene();
  await scene.lease.get();
  scene.asked = 0;
  return scene;
}

afterEach(() => {
  vi.useRealTimers();
});

describe("ConfigLease", () => {
  it("serves the last config while the object hangs", async () => {
    const scene = await leasedScene();
    vi.useFakeTimers();
    scene.gate = new Promise(() => undefined);
    scene.nowMs += LEASE_MS + 1;

    const version = scene.version();
    await vi.advanceTimersByTimeAsync(10_000);

    expect(await Promise.race([version, Promise.resolve("still waiting")])).toBe(1);
  });

  it("asks before it has anything", async () => {
    const scene = new Scene();

    expect([await scene.version(), scene.asked]).toEqual([1, 1]);
  });

  it("asks nobody while it is fresh", async () => {
    const scene = await leasedScene();
    scene.nowMs += 3_000;

    expect([await scene.version(), scene.asked]).toEqual([1, 0]);
  });

  it("answers at once and renews in the background before it ends", async () => {
    const scene = await leasedScene();
    scene.nowMs += 3_001;
    scene.answer = 2;

    expect([await scene.version(), scene.asked]).toEqual([1, 1]);
  });

  it("serves what the renewal in the background brought", async () => {
    const scene = await leasedScene();
    scene.nowMs += 3_001;
    scene.answer = 2;
    await scene.lease.get();
    await new Promise((resolve) => setTimeout(resolve));
    scene.nowMs += 1_000;

    expect(await scene.version()).toBe(2);
  });

  it("waits for the answer once it has ended", async () => {
    const scene = await leasedScene();
    scene.nowMs += LEASE_MS + 1;
    scene.answer = 2;

    expect(await scene.version()).toBe(2);
  });

  it("asks once for all who wait", async () => {
    const scene = await leasedScene();
    scene.nowMs += LEASE_MS + 1;
    scene.answer = 2;
    const open = Promise.withResolvers<void>();
    scene.gate = open.promise;
    const waiting = Array.from({ length: 20 }, () => scene.version());
    open.resolve();

    expect([new Set(await Promise.all(waiting)), scene.asked]).toEqual([new Set([2]), 1]);
  });

  it("counts from the question, not from its answer", async () => {
    const scene = new Scene();
    const open = Promise.withResolvers<void>();
    scene.gate = open.promise;
    const first = scene.version();
    scene.nowMs += 4_000;
    open.resolve();
    await first;
    scene.asked = 0;
    scene.nowMs += 1_001;
    await scene.version();

    expect(scene.asked).toBe(1);
  });

  it("serves the last answer until it is 60 s old while asking fails", async () => {
    const scene = await leasedScene();
    scene.answer = "fault";
    scene.nowMs += LEASE_GRACE_MS;

    expect(await scene.version()).toBe(1);
  });

  it("has nothing after that", async () => {
    const scene = await leasedScene();
    scene.answer = "fault";
    scene.nowMs += LEASE_GRACE_MS + 1;

    expect([await scene.version(), scene.lease.current]).toEqual(["unavailable", undefined]);
  });

  it("asks again after a failure", async () => {
    const scene = new Scene();
    scene.answer = "fault";
    await scene.lease.get();
    scene.answer = 3;

    expect(await scene.version()).toBe(3);
  });

  it("knows no source that the Workspace object does not know, although it held one", async () => {
    const scene = await leasedScene();
    scene.answer = "unknown";
    scene.nowMs += LEASE_MS + 1;

    expect(await scene.version()).toBe("unknown");
  });

  it("takes a newer config that is pushed, without asking", async () => {
    const scene = await leasedScene();
    scene.lease.push(sourceConfigOf({ version: 2 }));

    expect([await scene.version(), scene.asked]).toEqual([2, 0]);
  });

  it("ignores an older config that is pushed", async () => {
    const scene = await leasedScene();
    scene.lease.push(sourceConfigOf({ version: 3 }));
    scene.lease.push(sourceConfigOf({ version: 2 }));

    expect(await scene.version()).toBe(3);
  });

  it("ignores an older answer to a question that a push overtook", async () => {
    const scene = new Scene();
    const open = Promise.withResolvers<void>();
    scene.gate = open.promise;
    const asking = scene.version();
    scene.lease.push(sourceConfigOf({ version: 5 }));
    open.resolve();

    expect(await asking).toBe(5);
  });

  it("does not count an older answer as a renewal", async () => {
    const scene = await leasedScene();
    scene.lease.push(sourceConfigOf({ version: 5 }));
    scene.nowMs += LEASE_GRACE_MS + 1;

    expect(await scene.version()).toBe("unavailable");
  });

  it("stays as fresh as a push made it when the same config is answered late", async () => {
    const scene = new Scene();
    const open = Promise.withResolvers<void>();
    scene.gate = open.promise;
    const asking = scene.version();
    scene.nowMs += 4_000;
    scene.lease.push(sourceConfigOf({ version: 1 }));
    open.resolve();
    await asking;
    scene.nowMs += 3_000;
    await scene.version();

    expect(scene.asked).toBe(1);
  });

  it("asks on refresh() although it is fresh", async () => {
    const scene = await leasedScene();
    scene.answer = 2;

    expect([await scene.lease.refresh(), scene.asked]).toEqual([
      { kind: "found", config: sourceConfigOf({ version: 2 }) },
      1,
    ]);
  });

  it("does not grow younger when the clock is set back", async () => {
    const scene = await leasedScene();
    scene.nowMs += 3_000;
    await scene.lease.get();
    scene.nowMs -= 3_000;
    await scene.lease.get();
    scene.nowMs += 2_001;
    scene.answer = 2;

    expect(await scene.version()).toBe(2);
  });

  it("never serves longer than its grace, whatever steps the clock makes back", async () => {
    const steps = fc.array(fc.integer({ min: -40_000, max: 40_000 }), { maxLength: 10 });
    await fc.assert(
      fc.asyncProperty(steps, async (moves) => {
        const scene = await leasedScene();
        scene.answer = "fault";
        let forwardMs = 0;
        for (const move of moves) {
          scene.nowMs += move;
          forwardMs += Math.max(0, move);
          const served = scene.lease.current !== undefined;
          expect(served).toBe(forwardMs <= LEASE_GRACE_MS);
        }
      }),
    );
  });
});

describe("leaseState()", () => {
  it.each([
    [undefined, "none"],
    [0, "fresh"],
    [3_000, "fresh"],
    [3_001, "renew"],
    [5_000, "renew"],
    [5_001, "stale"],
    [60_000, "stale"],
    [60_001, "none"],
    [-3_001, "renew"],
    [-60_001, "none"],
  ] as const)("of an age of %s ms is %s", (ageMs, state) => {
    expect(leaseState(ageMs)).toBe(state);
  });
});

import { describe, expect, it } from "vitest";

import type { DeliveryOutcome } from "../../../../src/deliver/deliverer.ts";
import { LaneWorld } from "../../../support/deliver/lane-world.ts";

const DELIVERED: DeliveryOutcome = { kind: "delivered", status: 200 };
const DOWN: DeliveryOutcome = { kind: "retry", code: "503" };
const HOUR_MS = 3_600_000;

describe("a destination that is down for 24 hours", () => {
  it.each([1, 100])("loses nothing, with calls of %s events", async (events) => {
    const downUntilMs = Date.UTC(2026, 10, 23);
    const world = new LaneWorld({
      batch: { events, bytes: 100_000 },
      answer: (_, nowMs) => (nowMs < downUntilMs ? DOWN : DELIVERED),
    });
    for (let minute = 0; minute < 24 * 60; minute += 10) {
      world.append(["a", "b"]);
      await world.runUntil(world.nowMs + 10 * 60_000);
    }
    const callsWhileDown = world.calls;

    await world.runUntil(downUntilMs + HOUR_MS);

    expect(world.delivered.toSorted()).toEqual(world.all.toSorted());
    // Asked every 2.5 to 5 minutes, by at most six calls at once.
    expect(callsWhileDown).toBeLessThan(24 * 24 * 6);
  });
});

describe("a lane with an event that waits for long", () => {
  it("looks after five minutes at the latest whether the destination takes others", async () => {
    const world = new LaneWorld({
      batch: { events: 100, bytes: 100_000 },
      answer: ({ userId }) => (userId === "poison" ? DOWN : DELIVERED),
    });
    world.append(["poison"]);
    let restMs = 0;
    while (restMs <= 10 * 60_000) {
      world.nowMs += restMs;
      restMs = ((await world.run()) ?? Infinity) - world.nowMs;
    }
    world.append(["a"]);
    await world.runUntil(world.nowMs + 5 * 60_000);

    expect(world.delivered).toEqual(["a-2"]);
  });
});

describe("a destination that hangs for 24 hours", () => {
  it.each([1, 100])("gets every event afterwards, with calls of %s events", async (events) => {
    const downUntilMs = Date.UTC(2026, 10, 23);
    const world: LaneWorld = new LaneWorld({
      batch: { events, bytes: 100_000 },
      answer: (_, nowMs) => {
        if (nowMs >= downUntilMs) return DELIVERED;
        world.nowMs += 30_000;
        return { kind: "retry", code: "ETIMEDOUT" };
      },
    });
    while (world.nowMs < downUntilMs) {
      world.append(["a", "b", "c"]);
      await world.runUntil(world.nowMs + 5 * 60_000);
    }

    await world.runUntil(world.nowMs + HOUR_MS);

    expect(new Set(world.delivered)).toEqual(new Set(world.all));
    expect(world.dead).toEqual([]);
  });
});

describe("a lane whose object is started anew for each alarm", () => {
  it("asks a destination that is down no more often, and loses nothing", async () => {
    const startMs = Date.UTC(2026, 10, 22);
    const downUntilMs = startMs + 24 * HOUR_MS;
    const world = new LaneWorld({
      batch: { events: 100, bytes: 100_000 },
      answer: (_, nowMs) => (nowMs < downUntilMs ? DOWN : DELIVERED),
    });
    world.append(["a", "b"]);
    for (let again: number | undefined = startMs; again !== undefined && again < downUntilMs;) {
      world.nowMs = Math.max(world.nowMs + 1, again);
      world.append(["a"]);
      world.restart();
      again = await world.run();
    }
    const callsWhileDown = world.calls;

    await world.runUntil(downUntilMs + HOUR_MS);

    expect(callsWhileDown).toBeLessThan(24 * 24);
    expect(world.delivered.toSorted()).toEqual(world.all.toSorted());
  });
});

describe("a destination that has calls reset", () => {
  it("gets every event although it resets all of six hours' calls but a few", async () => {
    let calls = 0;
    const untilMs = Date.UTC(2026, 10, 22, 6);
    const world = new LaneWorld({
      answer: (_, nowMs) =>
        nowMs < untilMs && ++calls % 10 !== 0 ? { kind: "retry", code: "ECONNRESET" } : DELIVERED,
    });
    for (let minute = 0; minute < 6 * 60; minute++) {
      world.append(["a", "b", "c"]);
      await world.runUntil(world.nowMs + 60_000);
    }

    await world.runUntil(untilMs + HOUR_MS);

    expect(new Set(world.delivered)).toEqual(new Set(world.all));
    expect(world.dead).toEqual([]);
  });
});

describe("an event that the destination always fails at", () => {
  const fails = (event: Readonly<Record<string, unknown>>): DeliveryOutcome =>
    event["userId"] === "poison" ? DOWN : DELIVERED;

  it("becomes a dead letter after four hours in which others are delivered", async () => {
    const world = new LaneWorld({ answer: fails });
    world.append(["poison"]);
    let hours = 0;
    for (; world.dead.length === 0 && hours < 24; hours++) {
      for (let minute = 0; minute < 60; minute += 10) {
        world.append(["a"]);
        await world.runUntil(world.nowMs + 10 * 60_000);
      }
    }

    expect(world.dead).toEqual([{ messageId: "poison-1", code: "503" }]);
    expect(world.delivered).toHaveLength(world.all.length - 1);
    expect(hours).toBeGreaterThanOrEqual(4);
  });

  it("alone, is kept for a week and its four hours, since nothing says that it is the event", async () => {
    const world = new LaneWorld({ answer: fails });
    world.append(["poison"]);
    await world.runUntil(world.nowMs + (7 * 24 + 3) * HOUR_MS);
    const before = world.dead.length;

    await world.runUntil(world.nowMs + 2 * HOUR_MS);

    expect([before, world.dead.length]).toEqual([0, 1]);
  });
});

describe("a destination that flaps", () => {
  it("gets every event although it is down every other minute", async () => {
    const world = new LaneWorld({
      answer: (_, nowMs) => (Math.floor(nowMs / 60_000) % 2 === 0 ? DOWN : DELIVERED),
    });
    for (let minute = 0; minute < 60; minute++) {
      world.append(["a", "b", "c"]);
      await world.runUntil(world.nowMs + 60_000);
    }

    await world.runUntil(world.nowMs + HOUR_MS);

    expect(world.delivered.toSorted()).toEqual(world.all.toSorted());
  });
});

import { describe, expect, it } from "vitest";

import { Behind, BEHIND_MS } from "../../../../src/deliver/lane/behind.ts";
import { LaneWorld } from "../../../support/deliver/lane-world.ts";

describe("Behind", () => {
  it("says nothing of a lane that is at work for a short while", () => {
    const behind = new Behind();
    behind.begin(0);

    expect(behind.sinceMs(BEHIND_MS - 1)).toBeUndefined();
  });

  it("says since when, counted from the first of several slices", () => {
    const behind = new Behind();
    behind.begin(10);
    behind.begin(20);

    expect(behind.sinceMs(10 + BEHIND_MS)).toBe(10);
  });

  it("is over at the end of the log", () => {
    const behind = new Behind();
    behind.begin(0);
    behind.end();

    expect(behind.sinceMs(BEHIND_MS)).toBeUndefined();
  });
});

describe("a lane that keeps up with steady traffic", () => {
  it("comes to the end of its log although there is always one more event", async () => {
    const world: LaneWorld = new LaneWorld({
      answer: () => {
        world.append(["a"]);
        return { kind: "delivered", status: 200 };
      },
      isOver: () => world.calls >= 10,
    });
    world.append(["a"]);

    await world.run();

    expect(world.ends).toBe(10);
  });
});

import { describe, expect, it } from "vitest";

import { enterInOrder } from "../../../src/regulation/enter-in-order.ts";

/** Jobs that one at a time has. */
class Jobs {
  readonly #holders = new Map<string, string>();

  enterAs(who: string): (job: string) => Promise<boolean> {
    return async (job) => {
      const holder = this.#holders.get(job) ?? who;
      this.#holders.set(job, holder);
      return holder === who;
    };
  }
}

describe("enterInOrder()", () => {
  it("leaves two who begin at different ends not waiting for each other", async () => {
    const jobs = new Jobs();
    const first = jobs.enterAs("first");
    const second = jobs.enterAs("second");

    const entered = [
      await enterInOrder(["a", "b"], "a", first),
      await enterInOrder(["b", "a"], "b", second),
      await enterInOrder(["a", "b"], "b", first),
    ];

    expect(entered).toEqual([true, false, true]);
  });

  it("goes no further than the one that is named", async () => {
    const entered: string[] = [];

    await enterInOrder(["c", "b", "a"], "b", async (one) => entered.push(one) > 0);

    expect(entered).toEqual(["a", "b"]);
  });
});

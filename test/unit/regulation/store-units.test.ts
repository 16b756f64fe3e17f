import { beforeEach, describe, expect, it } from "vitest";

import type { UnitResult } from "../../../src/regulation/progress.ts";
import { StoreUnits } from "../../../src/regulation/store-units.ts";
import type { ErasableStore, StoreErased, StoreDeletion } from "../../../src/regulation/stores.ts";

const DELETION: Omit<StoreDeletion, "position"> = {
  regulationId: "reg_eu_0123456789abcdef0000000001",
  subjectType: "USER_ID",
  subjectIds: ["u1"],
  linkedAnonymousIds: [],
};

let asked: string[];
let answers: StoreErased[];
let units: StoreUnits;

beforeEach(() => {
  asked = [];
  const store: ErasableStore = {
    name: "syncs",
    covers: [],
    units: () => ["a", "b"],
    erase: async (unit, { position }) => {
      asked.push(`${unit} ${position ?? "from the beginning"}`);
      return answers.shift() ?? { isOver: true, erased: 0 };
    },
  };
  units = new StoreUnits([store]);
});

/** Works on one unit until it is over. */
async function work(isVerifying: boolean): Promise<readonly UnitResult[]> {
  const results: UnitResult[] = [];
  let last: UnitResult | undefined;
  do {
    last = await units.work("syncs a", DELETION, last?.note, isVerifying);
    results.push(last);
  } while (!last.isOver);
  return results;
}

describe("work()", () => {
  it("goes on from where a unit says", async () => {
    answers = [
      { isOver: false, position: "half", erased: 2 },
      { isOver: true, erased: 1 },
    ];

    const results = await work(false);

    expect(asked).toEqual(["a from the beginning", "a half"]);
    expect(results.map(({ counts }) => counts)).toEqual([{ storesErased: 2 }, { storesErased: 1 }]);
  });

  it("verifies until a whole pass finds nobody", async () => {
    answers = [
      { isOver: false, position: "half", erased: 1 },
      { isOver: true, erased: 0 },
      { isOver: false, position: "half", erased: 0 },
      { isOver: true, erased: 0 },
    ];

    await work(true);

    expect(asked).toEqual(["a from the beginning", "a half", "a from the beginning", "a half"]);
  });

  it("shows what a store could not do", async () => {
    answers = [{ isOver: false, erased: 0, failed: "403" }];

    const [result] = await work(false);

    expect(result).toMatchObject({ isOver: true, part: { status: "FAILED", error: "403" } });
  });

  it("takes a unit of a store that is no more for over", async () => {
    expect(await units.work("gone a", DELETION, undefined, true)).toEqual({ isOver: true });
  });
});

describe("units()", () => {
  it("are named after their store", () => {
    expect(units.units({})).toEqual(["syncs a", "syncs b"]);
  });
});

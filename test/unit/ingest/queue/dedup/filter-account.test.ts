import { setImmediate } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { FilterAccount } from "../../../../../src/ingest/queue/dedup/filter-account.ts";

const BYTES_MAX = 1000;
const COLLECTIONS_MAX = 100;

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

describe("FilterAccount", () => {
  it("takes none of a reservation that does not fit", () => {
    const account = new FilterAccount(BYTES_MAX);
    const share = account.open({});

    const answers = [share.reserve(600), share.reserve(600)];

    expect(answers).toEqual([true, false]);
    expect({ free: account.bytesFree, held: share.bytes }).toEqual({ free: 400, held: 600 });
  });

  it("gets back what an object held that the platform dropped without a word", async () => {
    const account = new FilterAccount(BYTES_MAX);
    account.open({}).reserve(600);

    for (let i = 0; i < COLLECTIONS_MAX && account.bytesFree < BYTES_MAX; i++) {
      collectGarbage();
      await setImmediate();
    }

    expect(account.bytesFree).toBe(BYTES_MAX);
  });
});

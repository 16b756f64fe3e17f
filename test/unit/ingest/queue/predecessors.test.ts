import { afterEach, describe, expect, it, vi } from "vitest";

import { askPredecessors, livePredecessors } from "../../../../src/ingest/queue/predecessors.ts";
import { routeOf } from "../../../support/source-configs.ts";

const PRINTS = new Uint8Array(32);
const KNOWS_FIRST = { known: async () => Uint8Array.of(1, 0) };
const KNOWS_SECOND = { known: async () => Uint8Array.of(0, 1) };

afterEach(() => {
  vi.useRealTimers();
});

describe("askPredecessors()", () => {
  it("knows what any of them knows", async () => {
    expect(await askPredecessors([KNOWS_FIRST, KNOWS_SECOND], PRINTS)).toEqual(Uint8Array.of(1, 1));
  });

  it("knows nothing for sure when one cannot be asked", async () => {
    const lost = { known: () => Promise.reject(new Error("out of reach")) };

    expect(await askPredecessors([KNOWS_FIRST, lost], PRINTS)).toBeUndefined();
  });

  it("waits for none that hangs", async () => {
    vi.useFakeTimers();
    const hangs = { known: () => new Promise<Uint8Array>(() => undefined) };

    const answer = askPredecessors([KNOWS_FIRST, hangs], PRINTS);
    await vi.advanceTimersByTimeAsync(60_000);

    expect(await Promise.race([answer, Promise.resolve("still waiting")])).toBeUndefined();
  });
});

describe("livePredecessors()", () => {
  const windowMs = 24 * 3_600_000;
  const route = routeOf({
    n: 2,
    earlier: [{ n: 1, shards: 2, ingestRegion: "eu1", endedAtMs: 1_000 }],
  });
  const self = { ingestRegion: "eu1", shard: 0 } as const;

  it("are asked until the window of what their epoch took last is over", () => {
    const asked = livePredecessors(self, route, windowMs, 1_000 + windowMs - 1);

    expect(asked).toEqual([{ ingestRegion: "eu1", shard: 1 }]);
  });

  it("are not asked any more afterwards", () => {
    expect(livePredecessors(self, route, windowMs, 1_000 + windowMs)).toEqual([]);
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { INGEST_REGION_NAMES } from "../../../src/region/regions.ts";
import {
  isShardCount,
  predecessorsOf,
  shardOf,
  type Route,
  type RouteEpoch,
} from "../../../src/workspace/source-config.ts";

const hashes = fc.integer({ min: -0x80000000, max: 0xffffffff });

/** Any history of shards and ingest regions, oldest first, not only those the product would make. */
const histories: fc.Arbitrary<readonly RouteEpoch[]> = fc
  .array(
    fc.record({
      shards: fc.constantFrom(1, 2, 4, 8, 16, 32, 64),
      ingestRegion: fc.constantFrom(...INGEST_REGION_NAMES),
    }),
    { minLength: 1, maxLength: 8 },
  )
  .map((epochs) => epochs.map((epoch, i) => ({ n: i + 1, ...epoch })));

/** The route as it stands after that history. */
function routeAfter(history: readonly RouteEpoch[]): Route {
  const present = history.at(-1) ?? { n: 1, shards: 1, ingestRegion: "us1" };
  const earlier = history.slice(0, -1).map((epoch) => ({ ...epoch, endedAtMs: epoch.n * 1000 }));
  return { ...present, state: "open", earlier: earlier.toReversed() };
}

describe("predecessorsOf()", () => {
  it("holds the queue that took a hash in any earlier epoch, unless it is the same queue", () => {
    fc.assert(
      fc.property(histories, hashes, (history, hash) => {
        const route = routeAfter(history);
        const self = { ingestRegion: route.ingestRegion, shard: shardOf(hash, route.shards) };
        const asked = [self, ...predecessorsOf(self, route)];

        for (const { ingestRegion, shards } of route.earlier) {
          expect(asked).toContainEqual({ ingestRegion, shard: shardOf(hash, shards) });
        }
      }),
    );
  });

  it("asks no queue that shares no hash with it", () => {
    fc.assert(
      fc.property(histories, hashes, (history, hash) => {
        const route = routeAfter(history);
        const self = { ingestRegion: route.ingestRegion, shard: shardOf(hash, route.shards) };

        for (const queue of predecessorsOf(self, route)) {
          const shares = route.earlier.some(
            ({ ingestRegion, shards }) =>
              ingestRegion === queue.ingestRegion &&
              queue.shard < shards &&
              (queue.shard - self.shard) % Math.min(shards, route.shards) === 0,
          );
          expect(shares).toBe(true);
        }
      }),
    );
  });

  it("names no queue twice, and never the asker", () => {
    fc.assert(
      fc.property(histories, hashes, (history, hash) => {
        const route = routeAfter(history);
        const self = { ingestRegion: route.ingestRegion, shard: shardOf(hash, route.shards) };
        const names = [self, ...predecessorsOf(self, route)].map(
          ({ ingestRegion, shard }) => `${ingestRegion}:${shard}`,
        );

        expect(new Set(names).size).toBe(names.length);
      }),
    );
  });
});

describe("shardOf()", () => {
  it("stays below the number of shards", () => {
    fc.assert(
      fc.property(hashes, fc.constantFrom(1, 2, 4, 8, 16, 32, 64), (hash, shards) => {
        const shard = shardOf(hash, shards);

        expect(Number.isInteger(shard) && shard >= 0 && shard < shards).toBe(true);
      }),
    );
  });

  it("splits each shard in two when their number doubles", () => {
    fc.assert(
      fc.property(hashes, fc.constantFrom(1, 2, 4, 8, 16, 32), (hash, shards) => {
        expect(shardOf(hash, shards * 2) % shards).toBe(shardOf(hash, shards));
      }),
    );
  });
});

describe("isShardCount()", () => {
  it("takes the powers of two up to 64 and no other number", () => {
    const numbers = Array.from({ length: 200 }, (_, i) => i - 50);

    expect(numbers.filter(isShardCount)).toEqual([1, 2, 4, 8, 16, 32, 64]);
  });

  it.each([1.5, Number.NaN, Number.POSITIVE_INFINITY, 128])("refuses %s", (n) => {
    expect(isShardCount(n)).toBe(false);
  });
});

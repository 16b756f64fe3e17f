import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { INGEST_REGION_NAMES } from "../../../src/region/regions.ts";
import {
  changeRoute,
  EARLIER_EPOCHS_MAX,
  FENCE_RETRY_MS_MAX,
  FENCE_RETRY_MS_MIN,
  fenceRetryMs,
  firstRoute,
  forgetEarlier,
  openRoute,
  raisedShards,
} from "../../../src/workspace/route.ts";
import { predecessorsOf, shardOf, type Route } from "../../../src/workspace/source-config.ts";

const WINDOW_MS = 1000;

const shardCounts = fc.constantFrom(1, 2, 4, 8, 16, 32, 64);
const regions = fc.constantFrom(...INGEST_REGION_NAMES);
const changes = fc.record({ shards: shardCounts, ingestRegion: regions });

type Step =
  | {
      readonly kind: "change";
      readonly shards: number;
      readonly ingestRegion: Route["ingestRegion"];
    }
  | { readonly kind: "open" }
  | { readonly kind: "wait"; readonly ms: number };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    changes.map((change) => ({ kind: "change" as const, ...change })),
    fc.constant({ kind: "open" as const }),
    fc.integer({ min: 1, max: WINDOW_MS }).map((ms) => ({ kind: "wait" as const, ms })),
  ),
  { maxLength: 40 },
);

type Ended = { readonly route: Route; readonly endedAtMs: number };

/** Plays the steps and keeps what a perfect memory would: every epoch and when its queues closed. */
function play(script: readonly Step[]): { route: Route; nowMs: number; ended: Ended[] } {
  let [route, nowMs] = [firstRoute(1, "us1"), 0];
  let closing: Route | undefined;
  const ended: Ended[] = [];
  for (const step of script) {
    if (step.kind === "wait") nowMs += step.ms;
    if (step.kind === "open" && closing !== undefined) {
      ended.push({ route: closing, endedAtMs: nowMs });
      route = openRoute(route, nowMs);
      closing = undefined;
    }
    if (step.kind === "change") {
      const changed = changeRoute(route, step, nowMs, WINDOW_MS);
      if (changed.ok && changed.value !== route) closing = route;
      if (changed.ok) route = changed.value;
    }
  }
  if (closing !== undefined) ended.push({ route: closing, endedAtMs: nowMs });
  return { route: forgetEarlier(route, nowMs, WINDOW_MS), nowMs, ended };
}

describe("a route", () => {
  it("asks every queue that may have taken a user's events within the window", () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 0, max: 0xffffffff }), (script, hash) => {
        const { route, nowMs, ended } = play(script);
        const self = { ingestRegion: route.ingestRegion, shard: shardOf(hash, route.shards) };
        const asked = [self, ...predecessorsOf(self, route)];

        for (const { route: epoch, endedAtMs } of ended) {
          if (endedAtMs + WINDOW_MS <= nowMs) continue;
          const { ingestRegion } = epoch;
          expect(asked).toContainEqual({ ingestRegion, shard: shardOf(hash, epoch.shards) });
        }
      }),
    );
  });

  it("remembers no epoch whose window is over, once it is open", () => {
    fc.assert(
      fc.property(steps, (script) => {
        const { route, nowMs } = play([...script, { kind: "open" }]);

        const isOver = (epoch: Route["earlier"][number]) => epoch.endedAtMs + WINDOW_MS <= nowMs;
        expect(route.earlier.filter(isOver)).toEqual([]);
      }),
    );
  });

  it("never remembers more epochs than its limit", () => {
    fc.assert(
      fc.property(steps, (script) => {
        expect(play(script).route.earlier.length).toBeLessThanOrEqual(EARLIER_EPOCHS_MAX);
      }),
    );
  });

  it("counts its epochs up by one for each change that was taken", () => {
    fc.assert(
      fc.property(steps, (script) => {
        const { route, ended } = play(script);

        expect(route.n).toBe(ended.length + 1);
      }),
    );
  });
});

describe("changeRoute()", () => {
  const open = firstRoute(2, "us1");
  const fencing: Route = { ...open, n: 2, shards: 4, state: "fencing" };

  it("begins the next epoch closed", () => {
    expect(changeRoute(open, { shards: 4 }, 5, WINDOW_MS)).toEqual({
      ok: true,
      value: {
        n: 2,
        shards: 4,
        ingestRegion: "us1",
        state: "fencing",
        earlier: [{ n: 1, shards: 2, ingestRegion: "us1", endedAtMs: 5 }],
      },
    });
  });

  it("is no change when nothing differs", () => {
    expect(changeRoute(open, { shards: 2, ingestRegion: "us1" }, 5, WINDOW_MS)).toEqual({
      ok: true,
      value: open,
    });
  });

  it("is refused while the epoch before is being closed", () => {
    expect(changeRoute(fencing, { shards: 8 }, 5, WINDOW_MS)).toEqual({
      ok: false,
      error: { kind: "route-change-in-progress" },
    });
  });

  it("is refused rather than forgetting an epoch too early", () => {
    const epoch = { n: 1, shards: 1, ingestRegion: "us1", endedAtMs: 0 } as const;
    const full: Route = { ...open, earlier: Array(EARLIER_EPOCHS_MAX).fill(epoch) };

    expect(changeRoute(full, { shards: 8 }, WINDOW_MS - 1, WINDOW_MS)).toEqual({
      ok: false,
      error: { kind: "too-many-route-changes" },
    });
  });
});

describe("openRoute()", () => {
  it("ends the epoch before only when its last queue closed", () => {
    const changed = changeRoute(firstRoute(1, "us1"), { shards: 2 }, 5, WINDOW_MS);
    const opened = changed.ok ? openRoute(changed.value, 900) : undefined;

    expect([opened?.state, opened?.earlier[0]?.endedAtMs]).toEqual(["open", 900]);
  });
});

describe("raisedShards()", () => {
  it.each([
    ["doubles for the present epoch", firstRoute(2, "us1"), 1, 4],
    ["does nothing for an epoch that is over", { ...firstRoute(2, "us1"), n: 2 }, 1, undefined],
    ["does nothing while fencing", { ...firstRoute(2, "us1"), state: "fencing" }, 1, undefined],
    ["stops at the most there may be", firstRoute(64, "us1"), 1, undefined],
  ] as const)("%s", (_, route, epoch, wanted) => {
    expect(raisedShards(route, epoch)).toBe(wanted);
  });
});

describe("fenceRetryMs()", () => {
  it.each([
    ["soon at first", 0, FENCE_RETRY_MS_MIN],
    ["a quarter of the time it took so far", 40_000, 10_000],
    ["within a minute however long it takes", 86_400_000, FENCE_RETRY_MS_MAX],
  ])("asks again %s", (_, elapsedMs, wanted) => {
    const changed = changeRoute(firstRoute(1, "us1"), { shards: 2 }, 100, WINDOW_MS);

    expect(changed.ok && fenceRetryMs(changed.value, 100 + elapsedMs)).toBe(wanted);
  });
});

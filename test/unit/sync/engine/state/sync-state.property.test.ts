import fc from "fast-check";
import { describe, expect, it } from "vitest";

import type { Accepted } from "../../../../../src/sync/engine/change.ts";
import { PAGE_ENTRIES_MAX } from "../../../../../src/sync/engine/state/fold.ts";
import { prefixOf } from "../../../../../src/sync/engine/state/packed.ts";
import type { StateLimits, SyncState } from "../../../../../src/sync/engine/state/sync-state.ts";
import { sumOf } from "../../../../support/sync/memory-sources.ts";
import { nodeState } from "../../../../support/sync/node-state.ts";

type Model = Map<string, { rowHash: bigint; isRemembered: boolean; key?: readonly string[] }>;

/** Few keys that share prefixes, so that batches meet each other; some differ in their last bits only. */
const keyHashes = fc
  .tuple(fc.nat(40), fc.nat(2))
  .map(([n, tail]) => spread(n).slice(0, 31) + tail.toString(16));

function spread(n: number): string {
  return ((BigInt(n + 1) * 0x9e3779b97f4a7c15f39cc0605cedc835n) & ((1n << 128n) - 1n))
    .toString(16)
    .padStart(32, "0");
}

const accepted: fc.Arbitrary<Accepted> = fc
  .tuple(keyHashes, fc.option(fc.bigInt({ min: 0n, max: (1n << 64n) - 1n })), fc.boolean())
  .map(([keyHash, rowHash, isRemembered]) => ({
    keyHash,
    rowHash: rowHash ?? undefined,
    key: [keyHash.slice(0, 4), "ü"],
    ...(isRemembered ? { isRemembered } : {}),
  }));

type Act =
  | { readonly act: "accept"; readonly batch: readonly Accepted[] }
  | { readonly act: "sequence"; readonly from: number; readonly count: number }
  | { readonly act: "tidy"; readonly slices: number }
  | { readonly act: "erase"; readonly keyHash: string };

const acts: fc.Arbitrary<readonly Act[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        act: fc.constant("accept" as const),
        batch: fc.array(accepted, { maxLength: 20, size: "max" }),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        act: fc.constant("sequence" as const),
        from: fc.nat(3000),
        count: fc.integer({ min: 1, max: 4000 }),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        act: fc.constant("tidy" as const),
        slices: fc.integer({ min: 1, max: 9 }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ act: fc.constant("erase" as const), keyHash: keyHashes }) },
  ),
  { maxLength: 25, size: "max" },
);

/** States that use their log and fold it with the few entries of a test, or leave the log out. */
const limits: fc.Arbitrary<StateLimits> = fc.record({
  foldEntriesMin: fc.constantFrom(1, 25, 10_000),
  foldShare: fc.constant(0),
  slicePages: fc.constantFrom(1, 3),
  denseEntriesPerPage: fc.constantFrom(1, 15, 100_000),
});

function perform(state: SyncState, model: Model, act: Act): void {
  switch (act.act) {
    case "accept":
      state.accept(act.batch);
      for (const each of act.batch) take(model, each);
      return;
    case "sequence": {
      const batch = Array.from({ length: act.count }, (_, i) => ({
        keyHash: spread(100 + act.from + i),
        rowHash: BigInt(i),
      }));
      state.accept(batch);
      for (const each of batch) take(model, each);
      return;
    }
    case "tidy":
      for (let slice = 0; slice < act.slices && state.tidy(); slice++);
      return;
    case "erase":
      state.erase([act.keyHash]);
      model.delete(act.keyHash);
  }
}

function take(model: Model, { keyHash, rowHash, isRemembered, key }: Accepted): void {
  if (rowHash === undefined) model.delete(keyHash);
  else {
    const of = key as readonly string[] | undefined;
    model.set(keyHash, { rowHash, isRemembered: isRemembered === true, ...(of && { key: of }) });
  }
}

function allOf(state: SyncState, after?: string) {
  const found = [];
  for (const reader = state.read(after); !reader.isDone; reader.advance()) {
    const { keyHash, rowHash, isRemembered, key } = reader;
    found.push([keyHash, { rowHash, isRemembered, ...(key && { key }) }]);
  }
  return found;
}

function sortedEntries(model: Model) {
  return [...model].toSorted(([a], [b]) => (a < b ? -1 : 1));
}

function inWorld(run: (state: SyncState, model: Model, acts: readonly Act[]) => void): void {
  fc.assert(
    fc.property(acts, limits, (all, within) => {
      const { state } = nodeState(undefined, within);
      const model: Model = new Map();
      for (const act of all) perform(state, model, act);
      run(state, model, all);
    }),
    { numRuns: 25 },
  );
}

/** Of a machine that does much else besides. */
const MINUTE_MS = 60_000;

describe("SyncState", { timeout: MINUTE_MS }, () => {
  it("reads what was accepted last of each key, in the order of keys", () => {
    inWorld((state, model) => {
      expect(allOf(state)).toEqual(sortedEntries(model));
    });
  });

  it("reads on after any key", () => {
    inWorld((state, model) => {
      const entries = sortedEntries(model);
      const after = entries[entries.length >> 1]?.[0] ?? spread(1);

      expect(allOf(state, after)).toEqual(entries.filter(([keyHash]) => keyHash > after));
    });
  });

  it("goes on to any place as if it had been opened there", () => {
    fc.assert(
      fc.property(acts, acts, limits, fc.array(fc.nat(3_100)), (before, after, within, places) => {
        const { state } = nodeState(undefined, within);
        const model: Model = new Map();
        for (const act of before) perform(state, model, act);
        const reader = state.read();
        const targets = places.map(spread).toSorted();
        for (const [at, target] of targets.entries()) {
          // Half of the way others write in between.
          if (at % 2 === 1 && after[at] !== undefined) perform(state, model, after[at]);
          const from = reader.prefix;
          reader.seek(prefixOf(target));
          if (reader.prefix === from) continue;
          const anew = [...model.keys()].filter((key) => prefixOf(key) >= prefixOf(target));
          expect(reader.isDone ? undefined : reader.keyHash).toBe(anew.toSorted()[0]);
          if (at % 3 === 0 && !reader.isDone) reader.advance();
        }
      }),
      { numRuns: 50 },
    );
  });

  it("counts what it reads", () => {
    inWorld((state, model) => {
      const remembered = [...model.values()].filter((entry) => entry.isRemembered).length;

      expect(state.counts()).toEqual({ there: model.size - remembered, remembered });
    });
  });

  it("sums buckets as a source does, in whatever parts", () => {
    fc.assert(
      fc.property(
        acts,
        limits,
        fc.integer({ min: 1, max: 12 }),
        fc.nat(),
        (all, within, bits, seed) => {
          const { state } = nodeState(undefined, within);
          const model: Model = new Map();
          for (const act of all) perform(state, model, act);
          const first = seed % 2 ** bits;
          const count = 2 ** bits - first;
          const hashes = Array.from({ length: count }, (): bigint[] => []);
          for (const [keyHash, { rowHash, isRemembered }] of model) {
            const bucket = Number(BigInt(`0x${keyHash}`) >> BigInt(128 - bits)) - first;
            if (!isRemembered) hashes[bucket]?.push(rowHash);
          }

          expect(state.sums(bits, first, count)).toEqual(BigUint64Array.from(hashes.map(sumOf)));
        },
      ),
      { numRuns: 25 },
    );
  });

  it("holds small pages that do not overlap", () => {
    inWorld((state) => {
      while (state.tidy());
      const sizes = [];
      let page = state.store.pageAfter(-1);
      for (; page !== undefined; page = state.store.pageAfter(page.first)) {
        sizes.push(page.packed.count);
      }

      expect(sizes.filter((size) => size > PAGE_ENTRIES_MAX)).toEqual([]);
    });
  });
});

import { describe, expect, it } from "vitest";

import { LEVEL_RUNS_MAX } from "../../../../../src/sync/engine/state/log.ts";
import { nodeState } from "../../../../support/sync/node-state.ts";

const ALWAYS_LOGGED = {
  foldEntriesMin: 1_000_000,
  foldShare: 0,
  slicePages: 1,
  denseEntriesPerPage: 1_000_000,
};

function keyHash(n: number): string {
  return ((BigInt(n + 1) * 0x9e3779b97f4a7c15f39cc0605cedc835n) & ((1n << 128n) - 1n))
    .toString(16)
    .padStart(32, "0");
}

function batch(from: number, count: number) {
  return Array.from({ length: count }, (_, i) => ({ keyHash: keyHash(from + i), rowHash: 7n }));
}

/** Of a machine that does much else besides. */
const MINUTE_MS = 60_000;

describe("SyncState", { timeout: MINUTE_MS }, () => {
  it("keeps few runs, however many small batches are accepted", () => {
    const { state } = nodeState(undefined, ALWAYS_LOGGED);

    for (let i = 0; i < 300; i++) state.accept(batch(i, 3));

    expect(state.store.runs().length).toBeLessThan(2 * LEVEL_RUNS_MAX);
  });

  it("writes one row of the database for a small batch, wherever its keys are", () => {
    const { state, storage } = nodeState();
    state.accept(batch(0, 30_000));
    const before = storage.writes;

    state.accept(batch(200_000, 100));

    expect(storage.writes - before).toBe(2);
  });

  it("leaves the log out for keys that follow each other", () => {
    const { state } = nodeState();
    const all = batch(0, 30_000).toSorted((a, b) => (a.keyHash < b.keyHash ? -1 : 1));

    for (let from = 0; from < all.length; from += 5_000)
      state.accept(all.slice(from, from + 5_000));

    expect(state.store.runs()).toEqual([]);
  });

  it("writes no row near the 2 MB of the platform, whatever the keys", () => {
    const { state, storage } = nodeState();
    const key = ["€".repeat(99_000)];

    state.accept(batch(0, 40).map((entry) => ({ ...entry, key })));

    expect(storage.textCharsMax * 3).toBeLessThan(2_000_000);
  });

  it("sees what is written while it is read", () => {
    const { state } = nodeState();
    const [first, second, third] = batch(0, 3).toSorted((a, b) => (a.keyHash < b.keyHash ? -1 : 1));
    state.accept([first, second, third].flatMap((each) => each ?? []));
    const reader = state.read();

    state.erase([second?.keyHash ?? ""]);
    reader.advance();

    expect(reader.keyHash).toBe(third?.keyHash);
  });

  it.each(["while it folds", "once it has folded a slice"])(
    "loses nothing when a transaction ends early %s",
    (when) => {
      const limits = { foldEntriesMin: 1, foldShare: 0, slicePages: 2, denseEntriesPerPage: 200 };
      const { state, storage } = nodeState(undefined, limits);
      state.accept(batch(0, 8_000));
      state.accept(batch(10_000, 300));
      storage.transactionSync(() => state.tidy());
      const tidy = (): void => {
        storage.transactionSync(() => {
          state.tidy();
          throw new Error("rolled back");
        });
      };
      if (when === "while it folds") storage.failAfter(4);
      expect(tidy).toThrow();
      storage.failAfter(undefined);
      state.rolledBack();

      while (storage.transactionSync(() => state.tidy()));
      let entries = 0;
      for (const reader = state.read(); !reader.isDone; reader.advance()) entries += 1;
      expect(entries).toBe(8_300);
    },
  );

  it("erases a key from pages and every run of the log", () => {
    const { state, storage } = nodeState(undefined, ALWAYS_LOGGED);
    const key = ["somebody"];
    for (let i = 0; i < 3; i++) state.accept([{ keyHash: keyHash(1), rowHash: BigInt(i), key }]);
    const known = state.erase([keyHash(1)]);
    const kept = storage.sql.exec<{ keys: string }>("SELECT keys FROM state_chunks").toArray();

    expect({ known, kept: JSON.stringify(kept).includes("somebody") }).toEqual({
      known: 1,
      kept: false,
    });
  });
});

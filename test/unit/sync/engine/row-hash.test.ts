import { describe, expect, it } from "vitest";

import { RowHasher } from "../../../../src/sync/engine/row-hash.ts";
import type { HashSeeds } from "../../../../src/sync/source/source.ts";

const SEEDS: HashSeeds = { keyA: 1n, keyB: -1n, row: 0x8000_0000_0000_0000n };

describe("RowHasher", () => {
  // What a Postgres 18 answered; test/e2e/sync asks a running one about more.
  it("hashes as Postgres does", () => {
    expect(new RowHasher(SEEDS, [0]).hash(["17", "Ada ü", null])).toEqual({
      keyHash: "32b7e3261a04e9444ac89c9f7eab0d46",
      rowHash: 7_012_815_105_484_107_762n,
    });
  });

  it("gives a row without a whole key no hash", () => {
    const hasher = new RowHasher(SEEDS, [0, 1]);

    expect([hasher.hash(["a", null, "b"]), hasher.hashKey(["a", null])]).toEqual([
      undefined,
      undefined,
    ]);
  });

  it("keeps apart what only differs in where a cell ends", () => {
    const hasher = new RowHasher(SEEDS, [0]);
    const rows = [
      ["a", "b1:c"],
      ["a", "b", "c"],
      ["a", "bc"],
      ["a", "b", null],
      ["a", "b", "N"],
    ];

    expect(new Set(rows.map((row) => hasher.hash(row)?.rowHash)).size).toBe(rows.length);
  });

  it("hashes a key alone as it does within a row", () => {
    const hasher = new RowHasher(SEEDS, [2, 0]);

    expect(hasher.hashKey(["c", "a"])).toBe(hasher.hash(["a", "b", "c"])?.keyHash);
  });

  it("remembers nothing of a longer row in a shorter one's hash", () => {
    const hasher = new RowHasher(SEEDS, [0]);
    hasher.hash(["x".repeat(10_000), "y"]);

    expect(hasher.hash(["a", "b"])).toEqual(new RowHasher(SEEDS, [0]).hash(["a", "b"]));
  });
});

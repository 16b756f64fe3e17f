import { describe, expect, it } from "vitest";

import { lockRegion } from "../../../src/workspace/region-lock.ts";

describe("lockRegion()", () => {
  it.each([
    [undefined, "eu", "eu", { ok: true, value: "eu" }],
    [undefined, "eu", "us", { ok: false, error: { kind: "region-locked", region: "eu" } }],
    ["eu", "eu", "eu", { ok: false, error: { kind: "region-locked", region: "eu" } }],
    ["eu", "eu", "us", { ok: false, error: { kind: "region-locked", region: "eu" } }],
    ["us", "eu", "eu", { ok: false, error: { kind: "region-locked", region: "us" } }],
  ] as const)(
    "with %s held in an object for %s, answers a write of %s",
    (held, home, wanted, answer) => {
      expect(lockRegion(held, home, wanted)).toEqual(answer);
    },
  );
});

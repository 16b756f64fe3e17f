import { describe, expect, it } from "vitest";

import { concatBytes } from "../../../src/core/bytes.ts";

describe("concatBytes()", () => {
  it("puts the parts one after another", () => {
    const parts = [new Uint8Array([1, 2]), new Uint8Array(), new Uint8Array([3])];

    expect(concatBytes(parts)).toEqual(new Uint8Array([1, 2, 3]));
  });

  it("does not copy a single part", () => {
    const part = new Uint8Array([1]);

    expect(concatBytes([part])).toBe(part);
  });

  it("makes nothing of no parts", () => {
    expect(concatBytes([])).toEqual(new Uint8Array());
  });
});

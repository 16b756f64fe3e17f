import { describe, expect, it } from "vitest";

import { PARSERS } from "../../../../../src/sync/source/files/parquet-cells.ts";

describe("texts of Parquet", () => {
  it("keep a mark at their beginning, which makes them another key", () => {
    const bytes = new TextEncoder().encode("\u{feff}a");

    expect(PARSERS.stringFromBytes?.(bytes)).toBe("\u{feff}a");
    expect(PARSERS.jsonFromBytes?.(bytes)).toBe("\u{feff}a");
  });
});

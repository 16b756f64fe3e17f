import { describe, expect, it } from "vitest";

import { BUNDLE_PLACEHOLDERS, fillBundle } from "../../../src/sdk/browser-bundle.ts";

const VALUES = {
  writeKey: "wk_eu_1",
  origin: "https://events.eu1.example.com:8443",
  apiHost: "[::1]:8787/v1",
};

describe("fillBundle()", () => {
  it("puts each value wherever its place is", () => {
    const { writeKey, origin, apiHost } = BUNDLE_PLACEHOLDERS;

    expect(fillBundle(`${origin} ${apiHost} ${writeKey} ${origin}`, VALUES)).toBe(
      `${VALUES.origin} ${VALUES.apiHost} ${VALUES.writeKey} ${VALUES.origin}`,
    );
  });

  it.each(['a"', "a'", "a\\", "a`", "a\n", "a<", "a;", "a(", "$&"])(
    "takes no value that could end a string or be replaced: %j",
    (writeKey) => {
      expect(() => fillBundle("", { ...VALUES, writeKey })).toThrow(TypeError);
    },
  );
});

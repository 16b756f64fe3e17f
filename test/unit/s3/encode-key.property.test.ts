import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeKey } from "../../../src/s3/encode-key.ts";

/** Any well-formed text but what no URL can carry. */
const keys = fc
  .string({ unit: "binary", minLength: 1, maxLength: 60 })
  .filter((key) => key.split("/").every((segment) => segment !== "." && segment !== ".."));

describe("encodeKey()", () => {
  it("round-trips any Unicode key through a URL", () => {
    fc.assert(
      fc.property(keys, (key) => {
        const { pathname } = new URL(`https://s3.eu-west-1.amazonaws.com/bucket/${encodeKey(key)}`);

        expect(decodeURIComponent(pathname)).toBe(`/bucket/${key}`);
      }),
    );
  });

  it("leaves nothing for a URL to spell differently from the signature", () => {
    fc.assert(
      fc.property(keys, (key) => {
        expect(encodeKey(key)).toMatch(/^(?:[A-Za-z0-9\-._~/]|%[0-9A-F]{2})*$/);
      }),
    );
  });

  it("encodes what encodeURIComponent leaves, and the = of partitioned keys", () => {
    expect(encodeKey("dt=2026-11-22/a!'()*+ b.json")).toBe(
      "dt%3D2026-11-22/a%21%27%28%29%2A%2B%20b.json",
    );
  });

  it.each(["", ".", "a/../b", "a/.", "\ud800"])("refuses %j, which no URL can carry", (key) => {
    expect(() => encodeKey(key)).toThrow(RangeError);
  });
});

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { sipHash128, sipKey, type SipKey } from "../../../src/core/siphash.ts";

type Vectors = {
  readonly key: string;
  readonly vectors: readonly { readonly text: string; readonly hash: string }[];
};

const { key, vectors } = JSON.parse(
  readFileSync(new URL("../../vectors/siphash128.json", import.meta.url), "utf8"),
) as Vectors;

function hashOf(secret: SipKey, text: string): string {
  const out = new Uint8Array(16);
  sipHash128(secret, text, out, 0);
  return Buffer.from(out).toString("hex");
}

describe("sipHash128()", () => {
  it.each(vectors)("agrees with OpenSSL on $text.length units ($hash)", ({ text, hash }) => {
    expect(hashOf(sipKey(key), text)).toBe(hash);
  });

  it("forgets a longer text that went before", () => {
    hashOf(sipKey(key), "z".repeat(1000));

    expect(hashOf(sipKey(key), "")).toBe(vectors[0]?.hash);
  });

  it("gives another hash under another key", () => {
    expect(hashOf(sipKey("f".repeat(32)), "")).not.toBe(vectors[0]?.hash);
  });

  it("writes only its 16 bytes", () => {
    const out = new Uint8Array(20);

    sipHash128(sipKey(key), "", out, 2);

    expect(Buffer.from(out).toString("hex")).toBe(`0000${vectors[0]?.hash}0000`);
  });

  it("refuses to write past the end", () => {
    expect(() => sipHash128(sipKey(key), "", new Uint8Array(20), 5)).toThrow(RangeError);
  });
});

describe("sipKey()", () => {
  it("refuses a key of the wrong shape without quoting it", () => {
    expect(() => sipKey("secret")).toThrow(
      new RangeError("Cannot read a SipHash key: wanted 32 hexadecimal digits"),
    );
  });
});

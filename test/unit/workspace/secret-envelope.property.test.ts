import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import {
  newDataKey,
  openSecret,
  placeOfSecret,
  sealSecret,
  unwrapDataKey,
  wrapDataKey,
  wrappedBy,
} from "../../../src/workspace/secret-envelope.ts";

const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length));
const OWNER = "ws_eu_bcjfgb5z16mzdcx9";
const OLD = { id: 1, secret: random(32) };
const NEW = { id: 2, secret: random(48) };

describe("sealSecret()", () => {
  it("gives a secret that opens in its place only", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), (text, place, other) => {
        fc.pre(place !== other);
        const key = newDataKey(random);
        const sealed = sealSecret(key, place, text, random);

        expect(openSecret(key, place, sealed)).toBe(text.toWellFormed());
        expect(() => openSecret(key, other, sealed)).toThrow();
      }),
    );
  });

  it("does not open after any byte was changed", () => {
    fc.assert(
      fc.property(fc.nat(), (at) => {
        const key = newDataKey(random);
        const sealed = sealSecret(key, "place", "secret", random);
        sealed[at % sealed.length] = (sealed[at % sealed.length] ?? 0) ^ 1;

        expect(() => openSecret(key, "place", sealed)).toThrow();
      }),
    );
  });

  it("never writes the same secret alike", () => {
    const key = newDataKey(random);

    expect(sealSecret(key, "a", "b", random)).not.toEqual(sealSecret(key, "a", "b", random));
  });
});

describe("wrapDataKey()", () => {
  it("wraps by the first secret, and any that lives unwraps", () => {
    const key = newDataKey(random);
    const wrapped = wrapDataKey(key, OWNER, [NEW, OLD], random);

    expect(wrappedBy(wrapped)).toBe(2);
    expect(unwrapDataKey(wrapped, OWNER, [OLD, NEW])).toEqual(key);
  });

  it("is of no use to another workspace", () => {
    const wrapped = wrapDataKey(newDataKey(random), OWNER, [OLD], random);

    expect(() => unwrapDataKey(wrapped, "ws_eu_0000000000000000", [OLD])).toThrow();
  });

  it("is of no use once its secret was taken away", () => {
    const wrapped = wrapDataKey(newDataKey(random), OWNER, [OLD], random);

    expect(() => unwrapDataKey(wrapped, OWNER, [NEW])).toThrow("no sealing key has number 1");
  });
});

describe("placeOfSecret()", () => {
  it("keeps a field of one destination apart from any other's", () => {
    expect(placeOfSecret("dst_a", "b")).not.toBe(placeOfSecret("dst_a b", ""));
  });
});

import { randomBytes } from "node:crypto";

import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { deriveIdempotency, openAnswer, sealAnswer } from "../../../src/workspace/idempotency.ts";

const random = (length: number) => new Uint8Array(randomBytes(length));

const REQUEST = {
  secret: "tok_eu_secret",
  key: "abc",
  method: "POST",
  path: "/api/v1/sources",
  body: new TextEncoder().encode("{}"),
};

describe("a sealed answer", () => {
  it("opens as it was, with the caller's secret and key", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string(), fc.string(), (answer, secret, key) => {
        const { sealKey } = deriveIdempotency({ ...REQUEST, secret, key });
        const opened = openAnswer(sealKey, sealAnswer(sealKey, answer, random));

        expect(opened).toEqual(JSON.parse(JSON.stringify(answer)));
      }),
    );
  });

  it.each([
    ["another caller's secret", { secret: "tok_eu_other" }],
    ["another key", { key: "abd" }],
  ])("does not open with %s", (_, other) => {
    const sealed = sealAnswer(deriveIdempotency(REQUEST).sealKey, "token", random);
    const { sealKey } = deriveIdempotency({ ...REQUEST, ...other });

    expect(() => openAnswer(sealKey, sealed)).toThrow();
  });

  it("does not open once a byte of it was changed", () => {
    const { sealKey } = deriveIdempotency(REQUEST);
    const sealed = sealAnswer(sealKey, "token", random);

    fc.assert(
      fc.property(fc.nat(sealed.length - 1), (at) => {
        const changed = sealed.slice();
        changed[at] = (changed[at] ?? 0) ^ 1;
        expect(() => openAnswer(sealKey, changed)).toThrow();
      }),
    );
  });
});

describe("deriveIdempotency()", () => {
  it("tells callers apart who chose the same key", () => {
    const other = deriveIdempotency({ ...REQUEST, secret: "tok_eu_other" });

    expect(other.keyHash).not.toBe(deriveIdempotency(REQUEST).keyHash);
  });

  it.each([
    ["path", { path: "/api/v1/tokens" }],
    ["body", { body: new TextEncoder().encode("[]") }],
  ])("tells requests apart by their %s, under the same name", (_, other) => {
    const [first, second] = [
      deriveIdempotency(REQUEST),
      deriveIdempotency({ ...REQUEST, ...other }),
    ];

    expect([first.keyHash === second.keyHash, first.requestHash === second.requestHash]).toEqual([
      true,
      false,
    ]);
  });
});

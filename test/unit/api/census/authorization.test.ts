import { describe, expect, it } from "vitest";

import { bearerOf } from "../../../../src/api/census/authorization.ts";

const basic = (text: string): string => `Basic ${Buffer.from(text).toString("base64")}`;

describe("bearerOf()", () => {
  it.each([
    ["a bearer token", "Bearer tok_eu_1"],
    ["one behind the prefix of Census's keys", "Bearer secret-token:tok_eu_1"],
    ["the password of a user called bearer", basic("bearer:tok_eu_1")],
    ["that with the prefix", basic("bearer:secret-token:tok_eu_1")],
  ])("takes %s", (_name, header) => {
    expect(bearerOf(header)).toBe("Bearer tok_eu_1");
  });

  it.each([
    ["no header", null],
    ["another user's password", basic("admin:tok_eu_1")],
    ["a key as the user", basic("tok_eu_1:")],
    ["what is no base64", "Basic %%%"],
    ["another scheme", "Digest tok_eu_1"],
    ["a header of any length", `Bearer ${"x".repeat(600)}`],
  ])("takes no token of %s", (_name, header) => {
    expect(bearerOf(header)).toBeNull();
  });
});

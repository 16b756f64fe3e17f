import { describe, expect, it } from "vitest";

import type { Right } from "../../../src/workspace/rights.ts";
import {
  isLastOwner,
  lastUseToWrite,
  refuseAccess,
  viewToken,
  type Token,
} from "../../../src/workspace/token.ts";

const HOUR_MS = 3_600_000;

function token(changes: Partial<Token> = {}): Token {
  return {
    id: "tok_eu_00000000000000000000000000",
    name: "CI",
    sha256: "aa",
    rights: ["editor"],
    createdAtMs: 0,
    expiresAtMs: undefined,
    lastUsedAtMs: undefined,
    ...changes,
  };
}

const GIVEN = { tokenId: token().id, sha256: "aa" };

describe("refuseAccess()", () => {
  it.each([
    ["lets a live token do what its role may", token(), GIVEN, undefined],
    ["refuses an unknown token", undefined, GIVEN, { kind: "unauthenticated" }],
    ["refuses another secret", token(), { ...GIVEN, sha256: "ab" }, { kind: "unauthenticated" }],
    ["refuses an empty secret", undefined, { ...GIVEN, sha256: "" }, { kind: "unauthenticated" }],
    [
      "refuses at the very instant of expiry",
      token({ expiresAtMs: 5 }),
      GIVEN,
      { kind: "unauthenticated" },
    ],
    ["lets in just before expiry", token({ expiresAtMs: 6 }), GIVEN, undefined],
    [
      "refuses what the role may not",
      token({ rights: ["viewer"] }),
      GIVEN,
      { kind: "forbidden", need: "write" },
    ],
  ] as const)("%s", (_, held, given, wanted) => {
    expect(refuseAccess(held, given, "write", 5)).toEqual(wanted);
  });
});

describe("lastUseToWrite()", () => {
  it("is the hour, and nothing more within it", () => {
    const first = lastUseToWrite(token(), HOUR_MS + 5);

    expect([first, lastUseToWrite(token({ lastUsedAtMs: HOUR_MS }), 2 * HOUR_MS - 1)]).toEqual([
      HOUR_MS,
      undefined,
    ]);
  });
});

describe("isLastOwner()", () => {
  const owner = (id: string, changes: Partial<Token> = {}) =>
    token({ id: `tok_eu_${id}`, rights: ["owner"] as Right[], ...changes });

  it.each([
    ["of the only owner", [owner("a"), token()], true],
    ["with another owner", [owner("a"), owner("b")], false],
    ["with another owner that expired", [owner("a"), owner("b", { expiresAtMs: 1 })], true],
  ] as const)("%s", (_, tokens, wanted) => {
    expect(isLastOwner(tokens, "tok_eu_a", 5)).toBe(wanted);
  });

  it("is not asked of a token that is no owner's", () => {
    expect(isLastOwner([token()], token().id, 5)).toBe(false);
  });
});

describe("viewToken()", () => {
  it("shows no hash", () => {
    expect(JSON.stringify(viewToken(token({ sha256: "deadbeef" })))).not.toContain("deadbeef");
  });
});

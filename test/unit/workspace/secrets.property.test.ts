import { randomBytes } from "node:crypto";

import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { newChildId, newWorkspaceId } from "../../../src/core/ids.ts";
import {
  isSameSecret,
  newInviteText,
  newTokenText,
  parseInvite,
  parseToken,
  sha256Hex,
} from "../../../src/workspace/secrets.ts";

const random = (length: number) => new Uint8Array(randomBytes(length));
const homes = fc.constantFrom("eu" as const, "us" as const);

describe("a token's text", () => {
  it("leads back to its id and its workspace, and to the hash of all of it", () => {
    fc.assert(
      fc.property(homes, (home) => {
        const workspaceId = newWorkspaceId(home, random);
        const tokenId = newChildId("tok", workspaceId, random);
        const text = newTokenText(tokenId, random);

        expect(parseToken(text)).toEqual({ tokenId, workspaceId, sha256: sha256Hex(text) });
      }),
    );
  });

  it("is no invite, and an invite is no token", () => {
    const workspaceId = newWorkspaceId("eu", random);
    const token = newTokenText(newChildId("tok", workspaceId, random), random);
    const invite = newInviteText(workspaceId, random);

    expect([parseInvite(token), parseToken(invite)]).toEqual([undefined, undefined]);
  });

  it("of any other shape is refused", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(parseToken(text)).toBeUndefined();
      }),
    );
  });
});

describe("an invite's text", () => {
  it("leads back to its workspace", () => {
    fc.assert(
      fc.property(homes, (home) => {
        const workspaceId = newWorkspaceId(home, random);
        const text = newInviteText(workspaceId, random);

        expect(parseInvite(text)).toEqual({ workspaceId, sha256: sha256Hex(text) });
      }),
    );
  });
});

describe("isSameSecret()", () => {
  it("tells equal texts from all others, of any length", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        expect([isSameSecret(a, a), isSameSecret(a, b)]).toEqual([true, a === b]);
      }),
    );
  });
});

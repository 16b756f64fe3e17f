import fc from "fast-check";
import { describe, expect, it } from "vitest";

import {
  isChildId,
  newChildId,
  newWorkspaceId,
  parseId,
  regionOf,
  workspaceOf,
} from "../../../src/core/ids.ts";
import { formatName, parseName } from "../../../src/region/object-names.ts";
import { claimedRegion, formatWriteKey } from "../../../src/region/write-key.ts";
import {
  newInviteText,
  newTokenText,
  parseInvite,
  parseToken,
} from "../../../src/workspace/secrets.ts";
import {
  childKinds,
  CHILD_KINDS,
  homeRegions,
  KEY_SECRETS,
  objectNames,
  randomBytes,
  sourceIds,
  workspaceIds,
} from "../../support/region-samples.ts";

/** Which readers take `text` for theirs. */
function readAs(text: string): readonly string[] {
  const readers: Readonly<Record<string, boolean>> = {
    id: parseId(text) !== undefined,
    name: parseName(text) !== undefined,
    "write key": claimedRegion(text) !== undefined,
    token: parseToken(text) !== undefined,
    invite: parseInvite(text) !== undefined,
  };
  return Object.keys(readers).filter((reader) => readers[reader]);
}

describe("an id", () => {
  it("says the region and the workspace it belongs to", () => {
    fc.assert(
      fc.property(homeRegions, childKinds, randomBytes, (region, kind, random) => {
        const workspaceId = newWorkspaceId(region, random);
        const id = newChildId(kind, workspaceId, random);

        expect([regionOf(id), workspaceOf(id)]).toEqual([region, workspaceId]);
      }),
    );
  });

  it("is put together again from its parts", () => {
    fc.assert(
      fc.property(workspaceIds, childKinds, randomBytes, (workspaceId, kind, random) => {
        const id = newChildId(kind, workspaceId, random);
        const parts = parseId(id);

        expect(`${parts?.kind}_${parts?.region}_${parts?.workspace}${parts?.child}`).toBe(id);
      }),
    );
  });

  it("is of one kind only", () => {
    fc.assert(
      fc.property(workspaceIds, childKinds, randomBytes, (workspaceId, kind, random) => {
        const id = newChildId(kind, workspaceId, random);

        expect(CHILD_KINDS.filter((other) => isChildId(other, id))).toEqual([kind]);
      }),
    );
  });

  it.each([
    ["an unknown region", "ws_de_0123456789abcdef"],
    ["an unknown kind", "xyz_eu_0123456789abcdef0123456789"],
    ["upper case", "ws_eu_0123456789ABCDEF"],
    ["a letter that is not of the alphabet", "ws_eu_0123456789abcdeu"],
    ["one character too many", "ws_eu_0123456789abcdef0"],
    ["one character too few", "src_eu_0123456789abcdef012345678"],
    ["a line break after it", "ws_eu_0123456789abcdef\n"],
    ["a blank before it", " ws_eu_0123456789abcdef"],
    ["nothing", ""],
  ])("is not made of %s", (_, text) => {
    expect(parseId(text)).toBeUndefined();
  });
});

describe("workspaceOf()", () => {
  it("does not quote what is no id", () => {
    expect(() => workspaceOf("anna@example.com")).toThrow(
      new TypeError("Cannot find the workspace: not an id of ours"),
    );
  });
});

describe("ids, names, write keys, tokens and invites", () => {
  it("are each read by one reader only", () => {
    const texts = fc
      .tuple(workspaceIds, sourceIds, childKinds, objectNames, randomBytes)
      .map(
        ([workspaceId, sourceId, kind, name, random]): readonly (readonly [string, string])[] => [
          ["id", workspaceId],
          ["id", newChildId(kind, workspaceId, random)],
          ["name", formatName(name)],
          ["write key", formatWriteKey(sourceId, 1, KEY_SECRETS[regionOf(sourceId)])],
          ["token", newTokenText(newChildId("tok", workspaceId, random), random)],
          ["invite", newInviteText(workspaceId, random)],
        ],
      );

    fc.assert(
      fc.property(texts, (written) => {
        expect(written.map(([, text]) => readAs(text))).toEqual(written.map(([kind]) => [kind]));
      }),
    );
  });
});

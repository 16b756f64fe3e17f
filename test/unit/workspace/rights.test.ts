import { describe, expect, it } from "vitest";

import { allows, isRightsList, type Need, type Right } from "../../../src/workspace/rights.ts";

const NEEDS: readonly Need[] = ["read", "write", "own", "events:read"];

describe("allows()", () => {
  it.each([
    [["owner"], ["read", "write", "own"]],
    [["editor"], ["read", "write"]],
    [["viewer"], ["read"]],
    [["events:read"], ["events:read"]],
    [
      ["viewer", "events:read"],
      ["read", "events:read"],
    ],
    [[], []],
  ] as [Right[], Need[]][])("lets %j do exactly %j", (rights, needs) => {
    expect(NEEDS.filter((need) => allows(rights, need))).toEqual(needs);
  });
});

describe("isRightsList()", () => {
  it.each([
    [["owner"], true],
    [["viewer", "events:read"], true],
    [["events:read"], false],
    [["owner", "editor"], false],
    [["viewer", "viewer"], false],
    [["viewer", "events:read", "events:read"], false],
    [[], false],
  ] as [Right[], boolean][])("of %j is %j", (rights, wanted) => {
    expect(isRightsList(rights)).toBe(wanted);
  });
});

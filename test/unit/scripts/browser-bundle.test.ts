import { readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import {
  applyPatches,
  foreignHosts,
  STANDALONE_PATCHES,
} from "../../../scripts/browser-bundle/patches.ts";

const STOCK = readFileSync("node_modules/@segment/analytics-next/dist/umd/standalone.js", "utf8");

describe("the patches of the browser bundle", () => {
  it("fit the installed package", () => {
    expect(() => applyPatches("standalone.js", STOCK, STANDALONE_PATCHES)).not.toThrow();
  });

  it("leave no other host named", () => {
    expect(foreignHosts(applyPatches("standalone.js", STOCK, STANDALONE_PATCHES))).toEqual([]);
  });

  it.each(STANDALONE_PATCHES.map(({ what, from }) => [what, from]))(
    "stop the build when the package no longer %s",
    (_what, from) => {
      const changed = STOCK.replace(from, "");

      expect(() => applyPatches("standalone.js", changed, STANDALONE_PATCHES)).toThrow(
        "0 times, wanted once",
      );
    },
  );

  it("stop the build when a text is there twice", () => {
    expect(() => applyPatches("a.js", "x x", [{ what: "is x", from: "x", to: "y" }])).toThrow(
      "2 times, wanted once",
    );
  });

  it("replace by text, not by pattern", () => {
    expect(applyPatches("a.js", "a.b", [{ what: "is a.b", from: "a.b", to: "$&" }])).toBe("$&");
  });
});

describe("foreignHosts()", () => {
  it("finds the hosts of the stock bundle", () => {
    expect(foreignHosts(STOCK)).toEqual(
      expect.arrayContaining(["cdn.segment.com", "api.segment.io", "cdnjs.cloudflare.com"]),
    );
  });

  it.each([
    ["a URL", 'load("https://x.example.com/a")', ["x.example.com"]],
    ["a host of Segment without a scheme", 'host="eu1.segment.io/v1"', ["eu1.segment.io"]],
    ["the name of a plug-in", 'name="Segment.io"', []],
    ["a namespace", '"http://www.w3.org/1999/xlink"', []],
  ])("tells %s", (_title, text, hosts) => {
    expect(foreignHosts(text)).toEqual(hosts);
  });
});

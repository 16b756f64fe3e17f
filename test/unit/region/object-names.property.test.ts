import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { formatName, parseName, placeOf } from "../../../src/region/object-names.ts";
import { mutated, objectNames } from "../../support/region-samples.ts";

const EU = "src_eu_0123456789abcdef0123456789";
const US = "src_us_0123456789abcdef0123456789";

describe("parseName()", () => {
  it("reads what formatName() wrote", () => {
    fc.assert(
      fc.property(objectNames, (name) => {
        expect(parseName(formatName(name))).toEqual(name);
      }),
    );
  });

  it("never reads a changed name as the same object", () => {
    const characters = fc.constantFrom(...Array.from("0123456789abcxyz:_- "));
    fc.assert(
      fc.property(objectNames, fc.nat(), characters, (name, at, char) => {
        const text = formatName(name);
        const changed = mutated(text, at % text.length, char);
        fc.pre(changed !== text);

        expect(parseName(changed)).not.toEqual(name);
      }),
    );
  });

  it.each([
    ["an unknown kind", `lane:${EU}`],
    ["a shard past the last", `queue:${EU}:eu1:64`],
    ["a shard with a zero before it", `queue:${EU}:eu1:01`],
    ["a shard that is no number", `queue:${EU}:eu1:x`],
    ["no shard", `queue:${EU}:eu1`],
    ["an empty shard", `queue:${EU}:eu1:`],
    ["an unknown ingest region", `queue:${EU}:xx1:0`],
    ["an ingest region that its home does not allow", `queue:${EU}:us1:0`],
    ["a thirteenth month", `archive-month:${EU}:2026-13`],
    ["a workspace where a source belongs", "archive:ws_eu_0123456789abcdef"],
    ["a source where a workspace belongs", `workspace:${EU}`],
    ["an unknown region", "directory:de"],
    ["a property of objects as region", "directory:constructor"],
    ["more than a name", `archive:${EU}:0`],
    ["a line break after it", `archive:${EU}\n`],
    ["nothing", ""],
  ])("refuses %s", (_, text) => {
    expect(parseName(text)).toBeUndefined();
  });
});

describe("placeOf()", () => {
  it.each([
    [{ kind: "workspace", workspaceId: "ws_eu_0123456789abcdef" }, "eu"],
    [{ kind: "directory", region: "us" }, "us"],
    [{ kind: "archive", sourceId: EU }, "eu"],
    [{ kind: "archive-month", sourceId: US, month: "2026-11" }, "us"],
    [{ kind: "queue", sourceId: EU, ingestRegion: "eu1", shard: 0 }, "eu"],
    [{ kind: "queue", sourceId: US, ingestRegion: "us1", shard: 0 }, "us"],
    [{ kind: "queue", sourceId: US, ingestRegion: "eu1", shard: 0 }, "eu"],
  ] as const)("puts %o into the jurisdiction %s", (name, jurisdiction) => {
    expect(placeOf(name)).toEqual({ kind: "jurisdiction", jurisdiction });
  });

  it.each([
    ["ap1", "apac"],
    ["au1", "oc"],
  ] as const)("has only a hint for %s", (ingestRegion, hint) => {
    const name = { kind: "queue", sourceId: US, ingestRegion, shard: 0 } as const;

    expect(placeOf(name)).toEqual({ kind: "hint", hint });
  });

  it.each(["us1", "ap1", "au1"] as const)("places no queue of an eu source at %s", (elsewhere) => {
    const name = { kind: "queue", sourceId: EU, ingestRegion: elsewhere, shard: 0 } as const;

    expect(() => placeOf(name)).toThrow(RangeError);
  });
});

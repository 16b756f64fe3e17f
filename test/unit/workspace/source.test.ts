import { describe, expect, it } from "vitest";

import type { HomeRegion } from "../../../src/core/ids.ts";
import {
  configOf,
  createSource,
  deleteSource,
  patchSource,
  restoreSource,
  type Source,
  type SourceDraft,
} from "../../../src/workspace/source.ts";
import { firstKey } from "../../../src/workspace/write-key-versions.ts";

const WINDOW_MS = 1000;

function make(home: HomeRegion, draft: Partial<SourceDraft> = {}) {
  const id = `src_${home}_${"0".repeat(26)}` as const;
  const fingerprintKey = "00112233445566778899aabbccddeeff";
  return createSource({ name: "Site", ...draft }, { id, home, fingerprintKey, nowMs: 7 });
}

function made(home: HomeRegion, draft: Partial<SourceDraft> = {}): Source {
  const source = make(home, draft);
  if (!source.ok) throw new Error("Cannot test: the source was refused");
  return source.value;
}

describe("createSource()", () => {
  it.each([
    ["us", { ingest: "us1", ip: "full", pixel: true }],
    ["eu", { ingest: "eu1", ip: "truncated", pixel: false }],
  ] as const)("in %s defaults to %j", (home, wanted) => {
    const source = made(home);

    const { ip, pixel, route } = source;
    expect({ ingest: route.ingestRegion, ip, pixel }).toEqual(wanted);
  });

  it("has a rate that is the same in every region", () => {
    expect(made("us").rate).toBe(made("eu").rate);
  });

  it("keeps a narrower list of archive locations", () => {
    expect(made("eu", { archiveLocations: ["eu-west-1"] }).archiveLocations).toEqual(["eu-west-1"]);
  });

  it.each([
    ["eu", { ingestRegion: "us1" }, "ingest-region-not-allowed"],
    ["eu", { ingestRegion: "au1" }, "ingest-region-not-allowed"],
    ["eu", { type: "cloud-event" }, "source-type-not-in-region"],
    ["eu", { archiveLocations: ["eu-west-1", "us-east-1"] }, "archive-location-not-allowed"],
    ["us", { archiveLocations: [] }, "archive-location-not-allowed"],
  ] as const)("in %s refuses %j", (home, draft, kind) => {
    expect(make(home, draft)).toMatchObject({ ok: false, error: { kind } });
  });

  it.each(["eu1", "us1", "ap1", "au1"] as const)("lets us take events in at %s", (ingestRegion) => {
    expect(made("us", { ingestRegion }).route.ingestRegion).toBe(ingestRegion);
  });
});

describe("patchSource()", () => {
  const place = { home: "eu", nowMs: 9, windowMs: WINDOW_MS } as const;

  it("changes what is named, leaves the rest and raises the version", () => {
    const before = made("eu");

    const after = patchSource(before, { rate: 5 }, place);

    expect(after).toEqual({
      ok: true,
      value: { ...before, rate: 5, version: 2, updatedAtMs: 9 },
    });
  });

  it("refuses as a whole when one field is not allowed", () => {
    const after = patchSource(made("eu"), { rate: 5, ingestRegion: "us1" }, place);

    expect(after).toMatchObject({ ok: false, error: { kind: "ingest-region-not-allowed" } });
  });
});

describe("restoreSource()", () => {
  it("brings back all that the deletion took, in a newer version", () => {
    const before = made("eu");

    const after = restoreSource(deleteSource(before, 9), 10);

    expect(after).toEqual({ ...before, version: 3, updatedAtMs: 10 });
  });

  it("makes no key live again that was retired before", () => {
    const source = made("eu");
    const keys = [{ ...firstKey(7), state: "retired" as const, retiredAtMs: 8 }];
    const rotated = { ...source, keys: [...keys, { ...firstKey(7), version: 2 }] };

    const restored = restoreSource(deleteSource(rotated, 9), 10);

    expect(restored.keys).toEqual(rotated.keys);
  });

  it("keeps a source off that was off", () => {
    const before = { ...made("eu"), enabled: false };

    expect(restoreSource(deleteSource(before, 9), 10).enabled).toBe(false);
  });
});

describe("configOf()", () => {
  it("of a deleted source takes nothing, and still says where its events go", () => {
    const config = configOf(deleteSource(made("eu"), 9), 9, WINDOW_MS);

    const { enabled, keyVersions, archiveLocations } = config;
    expect({ enabled, keyVersions, archiveLocations }).toEqual({
      enabled: false,
      keyVersions: [],
      archiveLocations: ["eu-west-1", "eu-central-1"],
    });
  });

  it("leaves out the names that queues do not need", () => {
    expect(Object.keys(configOf(made("eu"), 9, WINDOW_MS))).not.toContain("name");
  });
});

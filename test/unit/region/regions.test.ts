import { describe, expect, it } from "vitest";

import {
  HOME_REGION_NAMES,
  HOME_REGIONS,
  homeOf,
  INGEST_REGION_NAMES,
  INGEST_REGIONS,
  isHomeRegion,
  isIngestRegion,
  mayIngestAt,
} from "../../../src/region/regions.ts";

describe("the region table", () => {
  it.each(HOME_REGION_NAMES)("pins the home %s to the jurisdiction of the same name", (home) => {
    expect(HOME_REGIONS[home].place).toEqual({ kind: "jurisdiction", jurisdiction: home });
  });

  it.each(HOME_REGION_NAMES)("gives the home %s archive locations of its own only", (home) => {
    expect(HOME_REGIONS[home].locations.map(homeOf)).toEqual([home, home]);
  });

  it.each(INGEST_REGION_NAMES)("promises for %s what its place can hold", (name) => {
    const { guarantee, place } = INGEST_REGIONS[name];

    expect(guarantee).toBe(place.kind === "jurisdiction" ? "jurisdiction" : "best-effort");
  });

  it("takes events of an eu home in at eu1 only", () => {
    expect(INGEST_REGION_NAMES.filter((ingest) => mayIngestAt("eu", ingest))).toEqual(["eu1"]);
  });

  it("takes events of a us home in everywhere", () => {
    expect(INGEST_REGION_NAMES.filter((ingest) => mayIngestAt("us", ingest))).toEqual(
      INGEST_REGION_NAMES,
    );
  });

  it.each(["", "EU", "de", "toString", "__proto__"])("knows no region %j", (text) => {
    expect([isHomeRegion(text), isIngestRegion(text)]).toEqual([false, false]);
  });
});

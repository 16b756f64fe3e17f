import { readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import {
  describeChanges,
  groupByCountry,
  readLocations,
  renderColoFile,
} from "../../../scripts/edge/colo-file.ts";
import { COLOS_AS_OF, COLOS_BY_COUNTRY, COLOS_SOURCE } from "../../../src/region/colos.ts";

/** What Cloudflare would answer for the table that is held. */
const LIST = Object.entries(COLOS_BY_COUNTRY).flatMap(([cca2, codes]) =>
  codes.split(" ").map((iata) => ({ iata, lat: 1, lon: 2, cca2, region: "Europe", city: "X" })),
);

describe("src/region/colos.ts", () => {
  it("is what the refresh command writes", () => {
    const colos = groupByCountry(readLocations(LIST));

    expect(renderColoFile(colos, COLOS_AS_OF, COLOS_SOURCE)).toBe(
      readFileSync("src/region/colos.ts", "utf8"),
    );
  });
});

describe("readLocations()", () => {
  it.each([
    ["an answer that is no list", { error: "busy" }],
    ["a list that was cut off", LIST.slice(0, 200)],
    ["a list with an entry that has no country", [...LIST, { iata: "XXX", city: "Nowhere" }]],
    ["a list with an entry whose code is none", [...LIST, { iata: "dublin", cca2: "IE" }]],
  ])("refuses %s", (_title, answer) => {
    expect(() => readLocations(answer)).toThrow("Cannot take the list over");
  });
});

describe("describeChanges()", () => {
  it("tells what is new, what is gone and what lies in another country", () => {
    const before = { DE: "FRA TXL", GB: "LHR" };
    const after = { DE: "FRA LHR", FR: "CDG" };

    expect(describeChanges(before, after)).toEqual(["+ CDG FR", "- TXL DE", "! LHR GB is now DE"]);
  });
});

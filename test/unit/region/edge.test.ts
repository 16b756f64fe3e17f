import { describe, expect, it } from "vitest";

import { COLOS_AS_OF, COLOS_BY_COUNTRY } from "../../../src/region/colos.ts";
import {
  coloOf,
  EDGE_DEFAULTS,
  edgeSettings,
  EU_COUNTRIES,
  homeOfColo,
  judgeEdge,
  mayChoosePolicy,
  strictHomeOf,
  UNKNOWN_COLO,
} from "../../../src/region/edge.ts";

const COLOS = Object.values(COLOS_BY_COUNTRY).flatMap((codes) => codes.split(" "));

describe("the table of places", () => {
  it("holds each code once", () => {
    expect(COLOS.filter((colo, at) => COLOS.indexOf(colo) !== at)).toEqual([]);
  });

  it("holds codes of three letters only", () => {
    expect(COLOS.filter((colo) => !/^[A-Z]{3}$/.test(colo))).toEqual([]);
  });

  it("holds as many places as Cloudflare says it has, some 330 or more", () => {
    expect(COLOS.length).toBeGreaterThan(330);
  });

  it("says of which day it is", () => {
    expect(COLOS_AS_OF).toMatch(/^\d{4}-\d{2}-\d{2}$/);
  });

  it("has a place in each of the 27 member states", () => {
    const withPlace = EU_COUNTRIES.filter((country) => COLOS_BY_COUNTRY[country] !== undefined);

    expect([EU_COUNTRIES.length, withPlace.length]).toEqual([27, 27]);
  });
});

describe("homeOfColo()", () => {
  it.each(["DUB", "ORK", "FRA", "CDG", "AMS", "MAD", "WAW", "VIE", "LCA", "MLA", "LJU", "TXL"])(
    "%s lies in the eu",
    (colo) => {
      expect(homeOfColo(colo)).toBe("eu");
    },
  );

  it.each(["LHR", "MAN", "EDI", "ZRH", "GVA", "OSL", "KEF", "BEG", "IST", "KBP", "TIA", "SKP"])(
    "%s lies in Europe and not in the eu",
    (colo) => {
      expect(homeOfColo(colo)).toBeUndefined();
    },
  );

  it.each(["RUN", "PPT", "NOU", "CUR"])("%s belongs to a member state and is outside", (colo) => {
    expect(homeOfColo(colo)).toBeUndefined();
  });

  it.each(["IAD", "PDX", "HNL", "ANC", "SJC"])("%s lies in the us", (colo) => {
    expect(homeOfColo(colo)).toBe("us");
  });

  it.each(["SJU", "GUM", "YYZ", "MEX", "SIN", "SYD", UNKNOWN_COLO, "QQQ", ""])(
    "%s lies in neither",
    (colo) => {
      expect(homeOfColo(colo)).toBeUndefined();
    },
  );
});

describe("coloOf()", () => {
  it("reads the place and nothing else: the country is the client's", () => {
    expect(coloOf({ cf: { colo: "SIN", country: "IE", isEUCountry: "1" } })).toBe("SIN");
  });

  it.each([
    ["nothing", undefined],
    ["null", null],
    ["a text", "DUB"],
    ["no colo", { country: "IE" }],
    ["a colo that is no text", { colo: 7 }],
    ["a colo of another form", { colo: "dub" }],
    ["a colo with more behind it", { colo: "DUB " }],
  ])("says unknown for %s", (_title, cf) => {
    expect(coloOf({ cf })).toBe(UNKNOWN_COLO);
  });

  it("says unknown for a request without cf", () => {
    expect(coloOf({ url: "https://events.example.com/" })).toBe(UNKNOWN_COLO);
  });
});

describe("judgeEdge()", () => {
  it.each([
    ["DUB", "eu", "strict", "hold", "accepted"],
    ["IAD", "eu", "strict", "hold", "held"],
    ["IAD", "eu", "strict", "reject", "rejected"],
    [UNKNOWN_COLO, "eu", "strict", "hold", "held"],
    ["IAD", "us", "transit", "hold", "accepted"],
    ["SIN", "us", "transit", "hold", "transit"],
    ["DUB", "us", "transit", "reject", "transit"],
    [UNKNOWN_COLO, "us", "transit", "hold", "transit"],
    ["SIN", "us", "strict", "hold", "held"],
    ["SIN", "us", "strict", "reject", "rejected"],
  ] as const)("%s for %s, %s and %s: %s", (colo, home, policy, answer, wanted) => {
    expect(judgeEdge(colo, home, { policy, answer })).toBe(wanted);
  });

  it("is strict for eu, whatever the settings say", () => {
    expect(judgeEdge("IAD", "eu", { policy: "transit", answer: "hold" })).toBe("held");
  });
});

describe("edgeSettings()", () => {
  it.each(["eu", "us"] as const)("%s: has its defaults when nothing was chosen", (home) => {
    expect(edgeSettings(home, {})).toEqual(EDGE_DEFAULTS[home]);
  });

  it("takes over what was chosen", () => {
    const chosen = { policy: "strict", answer: "reject" } as const;

    expect(edgeSettings("us", chosen)).toEqual(chosen);
  });
});

describe("mayChoosePolicy()", () => {
  it.each([
    ["eu", "strict", true],
    ["eu", "transit", false],
    ["us", "strict", true],
    ["us", "transit", true],
  ] as const)("%s may choose %s: %s", (home, policy, wanted) => {
    expect(mayChoosePolicy(home, policy)).toBe(wanted);
  });
});

describe("strictHomeOf()", () => {
  it.each([
    ["eu1", "eu"],
    ["us1", undefined],
    ["ap1", undefined],
    ["au1", undefined],
  ] as const)("a host of %s is strict for %s", (host, wanted) => {
    expect(strictHomeOf(host)).toBe(wanted);
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { COLOS_BY_COUNTRY } from "../../../src/region/colos.ts";
import {
  coloOf,
  homeOfColo,
  judgeEdge,
  UNKNOWN_COLO,
  type EdgeSettings,
} from "../../../src/region/edge.ts";

const COLOS = Object.values(COLOS_BY_COUNTRY).flatMap((codes) => codes.split(" "));

const colos = fc.oneof(fc.constantFrom(...COLOS), fc.string({ maxLength: 5 }));
const homes = fc.constantFrom("eu" as const, "us" as const);
const settings: fc.Arbitrary<EdgeSettings> = fc.record({
  policy: fc.constantFrom("strict" as const, "transit" as const),
  answer: fc.constantFrom("hold" as const, "reject" as const),
});

describe("judgeEdge()", () => {
  it("accepts exactly what came in at home", () => {
    fc.assert(
      fc.property(colos, homes, settings, (colo, home, chosen) => {
        expect(judgeEdge(colo, home, chosen) === "accepted").toBe(homeOfColo(colo) === home);
      }),
    );
  });

  it("lets nothing of eu be read elsewhere, whatever is set", () => {
    fc.assert(
      fc.property(colos, settings, (colo, chosen) => {
        expect(judgeEdge(colo, "eu", chosen)).not.toBe("transit");
      }),
    );
  });
});

describe("coloOf()", () => {
  it("answers three capital letters or unknown, whatever cf holds", () => {
    fc.assert(
      fc.property(fc.anything(), (cf) => {
        const colo = coloOf({ cf });

        expect(colo === UNKNOWN_COLO || /^[A-Z]{3}$/.test(colo)).toBe(true);
      }),
    );
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { NESTING_MAX, scanValue, TOO_DEEP } from "../../../src/ingest/scan-body.ts";

const encoder = new TextEncoder();

function accepts(text: string): boolean {
  const trimmed = text.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, "");
  const bytes = encoder.encode(trimmed);
  return scanValue(bytes, 0) === bytes.length;
}

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Pieces that make and break JSON, among them what the usual parsers get wrong. */
const STRUCTURE = ["{", "}", "[", "]", ",", ":", " ", "\n", "\t", "//", "'"];
const STRINGS = [
  '"',
  '"a"',
  '"\\u00',
  "41",
  '"\\ud800"',
  "\\",
  "\\n",
  "é",
  "\u00a0",
  "\ufeff",
  "\0",
];
const NUMBERS = ["0", "01", "-", "-0", "1.", "1.5", ".5", "1e5", "1E+", "1e-999", "+1", "NaN"];
const WORDS = ["true", "tru", "false", "null", "nul", "Infinity", "undefined"];
const pieces = fc.constantFrom(...[STRUCTURE, STRINGS, NUMBERS, WORDS].flat());

describe("scanValue()", () => {
  it("accepts every JSON text", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 20 }), (text) => {
        expect(accepts(text)).toBe(true);
      }),
    );
  });

  it("accepts exactly what JSON.parse accepts, of any sequence of pieces", () => {
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
        const text = parts.join("");

        expect([text, accepts(text)]).toEqual([text, parses(text)]);
      }),
      { numRuns: 2000 },
    );
  });

  it("accepts exactly what JSON.parse accepts, of JSON with one character changed", () => {
    const changed = fc
      .tuple(fc.json(), fc.nat(), fc.constantFrom("", ...Array.from('{}[],:"\\u0e-.tn\n\u0000')))
      .map(([text, at, char]) => {
        const i = at % text.length;
        return text.slice(0, i) + char + text.slice(i + 1);
      });

    fc.assert(
      fc.property(changed, (text) => {
        expect([text, accepts(text)]).toEqual([text, parses(text)]);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ["lists", "[", "", "]"],
    ["objects", '{"a":', "0", "}"],
  ])("refuses more than NESTING_MAX levels of %s, a million too", (_title, open, inner, close) => {
    const nested = (levels: number): number =>
      scanValue(encoder.encode(open.repeat(levels) + inner + close.repeat(levels)), 0);

    expect(nested(NESTING_MAX)).toBeGreaterThan(0);
    expect(nested(NESTING_MAX + 1)).toBe(TOO_DEEP);
    expect(nested(1_000_000)).toBe(TOO_DEEP);
  });
});

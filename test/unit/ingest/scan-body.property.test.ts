import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { nativeBytes } from "../../../src/core/native/native.ts";
import { NAME, OTHER } from "../../../src/ingest/member-names.ts";
import {
  MALFORMED,
  NESTING_MAX,
  scanBody,
  scanValue,
  TOO_DEEP,
} from "../../../src/ingest/scan-body.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

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

describe("strings", () => {
  const lengths = Array.from({ length: 40 }, (_, length) => length);

  it("end at their quote, wherever it stands among bytes that are looked at together", () => {
    const ends = lengths.map((length) => scanValue(encoder.encode(`"${"a".repeat(length)}"`), 0));

    expect(ends).toEqual(lengths.map((length) => length + 2));
  });

  it.each([
    ["a control character", "\u001f"],
    ["an escape that is none", "\\x"],
    ["nothing more", ""],
  ])("are refused for %s at any place", (_title, char) => {
    const close = char === "" ? "" : '"';
    const ends = lengths.map((length) =>
      scanValue(encoder.encode(`"${"a".repeat(length)}${char}${close}`), 0),
    );

    expect(new Set(ends)).toEqual(new Set([MALFORMED]));
  });
});

/** The members that a scan found, as text. */
function membersOf(json: string): [number, string, string][] {
  const bytes = encoder.encode(json);
  const { envelope } = scanBody(bytes, 0, "batch");
  const text = (from: number, to: number): string => decoder.decode(bytes.subarray(from, to));
  return Array.from({ length: envelope.count }, (_, i) => [
    envelope.name(i),
    text(envelope.start(i), envelope.nameEnd(i)),
    text(envelope.value(i), envelope.end(i)),
  ]);
}

describe("scanBody()", () => {
  it("finds every member of any object, where JSON.stringify put it", () => {
    const objects = fc.dictionary(fc.string(), fc.jsonValue()).filter((object) => {
      // An own member of that name cannot be told from the prototype by what builds the expectation.
      return !Object.keys(object).includes("__proto__");
    });

    fc.assert(
      fc.property(objects, (object) => {
        const found = membersOf(JSON.stringify(object)).map(([, name, value]) => [name, value]);

        expect(found).toEqual(
          Object.entries(object).map(([name, value]) => [
            JSON.stringify(name),
            JSON.stringify(value),
          ]),
        );
      }),
    );
  });

  it.each(Object.entries(NAME))("knows the name %s, also written with escapes", (name, number) => {
    const escaped = Array.from(name, (char) => `\\u00${char.charCodeAt(0).toString(16)}`).join("");

    expect(membersOf(`{"${name}":1,"${escaped}":2}`).map(([found]) => found)).toEqual([
      number,
      number,
    ]);
  });

  it.each(["", "x", "Type", "typ", "types", "\\u0174ype", "typ\\u0165x", "a".repeat(25)])(
    "does not know the name %j",
    (name) => {
      expect(membersOf(`{"${name}":1}`)).toEqual([[OTHER, `"${name}"`, "1"]]);
    },
  );

  it("finds more members and events than it made room for at first", () => {
    const batch = Array.from({ length: 50_000 }, () => "{}").join();
    const { items, end } = scanBody(encoder.encode(`{"batch":[${batch}]}`), 0, "batch");

    expect([items.count, end]).toEqual([50_000, 50_000 * 3 - 1 + '{"batch":[]}'.length]);
  });

  it("takes no more than thirty times a body's bytes, whatever stands in it", () => {
    const megabyte = 1_000_000;
    const bodies = ["{},", "[],", '{"":1},', '{"context":{}},', '{"context":{"":1}},', "1,"].map(
      (item) => `{"batch":[${item.repeat(megabyte / item.length)}1]}`,
    );
    bodies.push(`{${'"":1,'.repeat(megabyte / 5)}"":1}`);

    for (const body of bodies) scanBody(encoder.encode(body), 0, "batch");

    expect(nativeBytes().length).toBeLessThan(30 * megabyte);
  });

  it("gives back the memory it took, also where it refuses", () => {
    const scan = (json: string): void => {
      scanBody(encoder.encode(json), 0, "batch");
    };
    scan(`{"batch":[${"[".repeat(1000)}`);
    const before = nativeBytes().length;

    for (let i = 0; i < 1000; i++) scan(`{"batch":[${'{"a":1},'.repeat(100)}`);

    expect(nativeBytes().length).toBe(before);
  });
});

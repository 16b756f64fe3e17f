import { matches } from "@segment/tsub";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { evaluateFql } from "../../../../src/deliver/filter/fql-evaluate.ts";
import { parseFql } from "../../../../src/deliver/filter/fql-parse.ts";
import { irOf, plainEvents, sharedConditions, writeFql, writePath } from "../../../support/fql.ts";

describe("parseFql()", () => {
  it("reads back what a condition is written as", () => {
    fc.assert(
      fc.property(sharedConditions, (node) => {
        expect(parseFql(writeFql(node))).toEqual({ ok: true, value: node });
      }),
    );
  });

  it("reads any field name that is escaped", () => {
    const names = fc.array(fc.string({ unit: "grapheme", minLength: 1 }), { minLength: 2 });
    fc.assert(
      fc.property(names, (path) => {
        expect(parseFql(writePath(path))).toEqual({
          ok: true,
          value: { kind: "path", names: path },
        });
      }),
    );
  });

  it("never throws, whatever the text", () => {
    const pieces = fc.constantFrom(
      ..."( ) [ ] ! = != < in and or 'a' \" a.b length match( \\ , 1 -".split(" "),
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 30 }), (parts) => {
        expect(typeof parseFql(parts.join(" ")).ok).toBe("boolean");
      }),
    );
  });
});

describe("evaluateFql()", () => {
  it("says what Segment's evaluator says, where the documentation agrees with that", () => {
    fc.assert(
      fc.property(sharedConditions, plainEvents, (node, event) => {
        const theirs = matches(event, { type: "fql", ir: JSON.stringify(irOf(node)) });

        expect(evaluateFql(node, event)).toEqual({ ok: true, value: theirs });
      }),
      { numRuns: 3_000 },
    );
  });
});

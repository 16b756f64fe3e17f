import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { readObject } from "../../../../../src/sync/source/files/ndjson.ts";

describe("readObject()", () => {
  it("finds the members that the parser finds, however the JSON is laid out", () => {
    const object = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 }), {
      noNullPrototype: true,
    });
    fc.assert(
      fc.property(object, fc.constantFrom(undefined, 1, "\t"), (value, space) => {
        const cells = readObject(JSON.stringify(value, null, space));

        const expected = Object.entries(JSON.parse(JSON.stringify(value)) as object).map(
          ([name, of]: [string, unknown]) => [
            name,
            of === null ? null : typeof of === "string" ? of : JSON.stringify(of),
          ],
        );
        const found = Array.from(cells, ([name, { text }]) => [name, text]);
        expect(new Map(found as [string, string][])).toEqual(
          new Map(expected as [string, string][]),
        );
      }),
    );
  });
});

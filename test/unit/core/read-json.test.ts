import { describe, expect, it } from "vitest";

import { readObject } from "../../../src/core/read-json.ts";

describe("readObject()", () => {
  it("reads an object", () => {
    expect(readObject('{"a":1}')).toEqual({ a: 1 });
  });

  it.each(["null", "[]", '"a"', "1", "", '{"a":'])("reads none in %j", (text) => {
    expect(readObject(text)).toBeUndefined();
  });
});

import { describe, expect, it } from "vitest";

import { readStored } from "../../../src/core/stored-json.ts";

describe("readStored()", () => {
  it("reads what was written", () => {
    expect(readStored<unknown>('{"a":[1,"b"]}')).toEqual({ a: [1, "b"] });
  });

  it("says nothing of what does not parse, not even as a cause", () => {
    let thrown: unknown;
    try {
      readStored("ada@example.com");
    } catch (error) {
      thrown = error;
    }

    expect(thrown).toBeInstanceOf(Error);
    const { message, cause } = thrown as Error;
    expect({ message, cause }).toEqual({
      message: "Cannot read what was stored: it is not JSON",
      cause: undefined,
    });
  });
});

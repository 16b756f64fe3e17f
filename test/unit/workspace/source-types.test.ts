import { describe, expect, it } from "vitest";

import {
  isTypeInRegion,
  SOURCE_TYPES,
  whyNotInRegion,
} from "../../../src/workspace/source-types.ts";

const PULLED = ["cloud-object", "cloud-event"] as const;

describe("isTypeInRegion()", () => {
  it.each(SOURCE_TYPES)("us may have %s", (type) => {
    expect(isTypeInRegion(type, "us")).toBe(true);
  });

  it("eu may have all types but those that are pulled from vendors", () => {
    const refused = SOURCE_TYPES.filter((type) => !isTypeInRegion(type, "eu"));

    expect(refused).toEqual(PULLED);
  });
});

describe("whyNotInRegion()", () => {
  it.each(PULLED)("says of %s why, and what to take instead", (type) => {
    const why = whyNotInRegion(type, "eu");

    expect(why).toContain(type);
    expect(why).toContain("pull from vendors outside");
    expect(why).toMatch(/Take a sync .* instead/);
  });
});

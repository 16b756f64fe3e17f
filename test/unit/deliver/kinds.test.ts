import { describe, expect, it } from "vitest";

import { DESTINATIONS } from "../../../durable-objects/offered-destinations.ts";
import { DESTINATION_KINDS } from "../../../src/deliver/kinds.ts";

describe("DESTINATION_KINDS", () => {
  it("shows what lanes deliver to, and nothing else", () => {
    const shown = DESTINATION_KINDS.map(({ slug }) => slug);

    expect(shown.toSorted()).toEqual([...DESTINATIONS.keys()].toSorted());
  });
});

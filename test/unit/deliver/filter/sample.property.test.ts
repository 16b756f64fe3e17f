import { transform } from "@segment/tsub";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { isSampled } from "../../../../src/deliver/filter/sample.ts";

const USERS = Array.from({ length: 20_000 }, (_, i) => `user-${i}`);

const percents = fc.double({ min: 0, max: 1, noNaN: true });

describe("isSampled()", () => {
  // MD5 of "[]" begins with d751713988987e93, which is 0.8410… of 2^64.
  it.each([
    [0.8411, true],
    [0.841, false],
  ])("compares the MD5 of the value's JSON with the share: %s", (percent, wanted) => {
    expect(isSampled({ properties: { ids: [] } }, { percent, path: "properties.ids" })).toBe(
      wanted,
    );
  });

  it("decides alike for all events with the same value", () => {
    fc.assert(
      fc.property(fc.string(), fc.uuid(), fc.uuid(), percents, (userId, one, other, percent) => {
        const sample = { percent, path: "userId" };

        expect(isSampled({ userId, messageId: one }, sample)).toBe(
          isSampled({ userId, messageId: other }, sample),
        );
      }),
    );
  });

  it("keeps in a larger share whatever is in a smaller one", () => {
    fc.assert(
      fc.property(fc.string(), percents, percents, (messageId, one, other) => {
        const isInSmaller = isSampled({ messageId }, { percent: Math.min(one, other) });
        const isInLarger = isSampled({ messageId }, { percent: Math.max(one, other) });

        expect(isInSmaller && !isInLarger).toBe(false);
      }),
    );
  });

  it.each([0.05, 0.5, 0.9])("takes about %s of the events", (percent) => {
    const sent = USERS.filter((messageId) => isSampled({ messageId }, { percent })).length;
    const deviation = Math.sqrt(USERS.length * percent * (1 - percent));

    expect(Math.abs(sent - USERS.length * percent)).toBeLessThan(5 * deviation);
  });
});

describe("Segment's own sampling", () => {
  it("sends all events at a share of 5 %, which is why it is not used", () => {
    const transformer = {
      type: "sample_event",
      config: { sample: { percent: 0.05, path: "userId" } },
    };

    expect(USERS.filter((userId) => transform({ userId }, [transformer]) === null)).toEqual([]);
  });
});

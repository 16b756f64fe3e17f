import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { usersOf } from "../../../src/archive/event-users.ts";
import { idText } from "../../../src/ingest/event-view.ts";

function users(line: string) {
  return usersOf(JSON.parse(line) as Record<string, unknown>, line);
}

/** JSON of an id: strings, and numbers as long and as odd as JSON allows. */
const ids = fc.oneof(
  fc.string({ minLength: 1 }).map((text) => JSON.stringify(text)),
  fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }).map(String),
  fc.constantFrom("0", "-0", "1.0", "1e2", "1e20", "1e21", "1e999", "-1.5", "9007199254740993"),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
);

describe("usersOf()", () => {
  it("spells every id as it was spelled when it came in", () => {
    fc.assert(
      fc.property(ids, ids, ids, (userId, previousId, anonymousId) => {
        const line = `{"userId":${userId},"previousId":${previousId},"anonymousId":${anonymousId}}`;

        expect(users(line)).toEqual({
          userIds: [idText(userId), idText(previousId)],
          anonymousIds: [idText(anonymousId)],
        });
      }),
    );
  });

  it("is not misled by a member of the same name further inside", () => {
    const line = `{"properties":{"userId":98765432109876543210},"userId":12345678901234567890}`;

    expect(users(line).userIds).toEqual(["12345678901234567890"]);
  });

  it.each(["null", '""', "true", "{}", "[1]"])("takes %s for no id", (value) => {
    expect(users(`{"userId":${value}}`)).toEqual({ userIds: [], anonymousIds: [] });
  });
});

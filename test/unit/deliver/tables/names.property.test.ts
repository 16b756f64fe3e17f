import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { NAME_BYTES_MAX, nameFor, snakeCase } from "../../../../src/deliver/tables/names.ts";

describe("snakeCase()", () => {
  // The examples of Segment's own package, and what SDKs really send.
  it.each([
    ["sample text", "sample_text"],
    ["sample-text", "sample_text"],
    ["sample___text", "sample_text"],
    ["sampleText", "sample_text"],
    ["inviteYourCustomersAddInvites", "invite_your_customers_add_invites"],
    ["   $#$sample   2    Text   ", "sample_2_text"],
    ["SAMPLE 2 TEXT", "sample_2_text"],
    ["___$$Base64Encode", "base64_encode"],
    ["FOO:BAR$BAZ", "foo_bar_baz"],
    ["something.com", "something_com"],
    ["•¶§ƒ˚foo˙∆˚¬", "foo"],
    ["userID", "user_id"],
    ["Order Completed", "order_completed"],
  ])("writes %j as %j", (text, wanted) => {
    expect(snakeCase(text)).toBe(wanted);
  });
});

describe("nameFor()", () => {
  it("gives a name that begins with a digit a `_`", () => {
    expect(nameFor("2nd Visit")).toBe("_2nd_visit");
  });

  it("tells texts without an ASCII word apart", () => {
    expect(nameFor("注文")).toMatch(/^_[0-9a-f]{8}$/);
    expect(nameFor("注文")).not.toBe(nameFor("会員"));
  });

  it("tells long texts apart that begin alike", () => {
    expect(nameFor(`${"long ".repeat(20)}one`)).not.toBe(nameFor(`${"long ".repeat(20)}two`));
  });

  it("leaves a name of exactly the limit as it is", () => {
    expect(nameFor("a".repeat(NAME_BYTES_MAX))).toBe("a".repeat(NAME_BYTES_MAX));
  });

  it("always gives a name that a database takes as it is", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => {
        expect(nameFor(text)).toMatch(/^[a-z_][a-z0-9_]{0,62}$/);
      }),
    );
  });

  it("gives a name itself again", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z]{1,9}(?:_[a-z0-9]{1,9}){0,4}$/), (text) => {
        expect(nameFor(text)).toBe(text);
      }),
    );
  });
});

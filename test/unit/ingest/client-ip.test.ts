import { describe, expect, it } from "vitest";

import { ipForContext } from "../../../src/ingest/client-ip.ts";

describe("ipForContext()", () => {
  it.each([
    ["203.0.113.77", "203.0.113.77", "203.0.113.0"],
    ["::ffff:203.0.113.77", "203.0.113.77", "203.0.113.0"],
    ["2001:db8:aa:bb:1:2:3:4", "2001:db8:aa:bb:1:2:3:4", "2001:db8:aa::"],
    ["2001:DB8::1", "2001:db8::1", "2001:db8:0::"],
    ["::1", "::1", "0:0:0::"],
  ])("keeps %s whole as %s, truncated as %s", (address, full, truncated) => {
    expect([ipForContext(address, "full"), ipForContext(address, "truncated")]).toEqual([
      full,
      truncated,
    ]);
  });

  it("keeps nothing under the rule none", () => {
    expect(ipForContext("203.0.113.77", "none")).toBeUndefined();
  });

  it.each([
    null,
    "",
    "unknown",
    "1.2.3",
    "256.1.1.1",
    "1::2::3",
    "1:2:3",
    "1:2:3:4::5:6:7:8",
    '1"',
    "g::1",
    ":::",
  ])("passes on nothing that is no address (%s)", (address) => {
    expect(ipForContext(address, "full")).toBeUndefined();
  });
});

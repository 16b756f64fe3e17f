import { describe, expect, it } from "vitest";

import { SettingsReader } from "../../../src/core/settings-reader.ts";
import { readRelays } from "../../../src/region/host-settings.ts";

function read(text: string) {
  const problems: string[] = [];
  const relays = readRelays(new SettingsReader({ RELAY_EU: text }, problems));
  return { relay: relays.eu, other: relays.us, problems };
}

describe("readRelays()", () => {
  it("reads host, port and the address that databases see", () => {
    expect(read("Relay.eu.example.com:3128=203.0.113.7")).toEqual({
      relay: { host: "relay.eu.example.com", port: 3128, address: "203.0.113.7" },
      other: undefined,
      problems: [],
    });
  });

  it.each(["relay.eu.example.com", "relay:99999=203.0.113.7", "http://relay:1=2", "relay:3128"])(
    "refuses %s and says how it is written",
    (text) => {
      const { relay, problems } = read(text);

      expect(relay).toBeUndefined();
      expect(problems.join()).toContain("write host:port=address");
    },
  );
});

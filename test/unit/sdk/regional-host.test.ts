import { describe, expect, it } from "vitest";

import type { Config } from "../../../src/config.ts";
import { regionalHost } from "../../../src/sdk/regional-host.ts";

function configOf(environment: Config["environment"] = "production"): Config {
  const hosts = new Map([
    ["events.us1.example.com", "us1"],
    ["events.eu1.example.com", "eu1"],
    ["t.shop.example", "eu1"],
  ]);
  return { environment, hosts } as unknown as Config;
}

describe("regionalHost()", () => {
  it.each([
    ["the first of the region when none was asked", undefined, "events.eu1.example.com"],
    ["the asked one when it stands for the region", "t.shop.example", "t.shop.example"],
    [
      "the first when another region's was asked",
      "events.us1.example.com",
      "events.eu1.example.com",
    ],
    ["the first when a host of nobody was asked", "elsewhere.example", "events.eu1.example.com"],
  ])("is %s", (_title, asked, host) => {
    const url = asked === undefined ? undefined : new URL(`https://${asked}/v1`);

    expect(regionalHost("eu1", configOf(), url)).toBe(host);
  });

  it("is none where the region has none", () => {
    expect(regionalHost("au1", configOf(), new URL("https://events.us1.example.com"))).toBe(
      undefined,
    );
  });

  it("is localhost only in development", () => {
    const asked = new URL("http://localhost:8787");

    expect([
      regionalHost("ap1", configOf("development"), asked),
      regionalHost("ap1", configOf("production"), asked),
    ]).toEqual(["localhost:8787", undefined]);
  });
});

import { describe, expect, it } from "vitest";

import { snippetsFor } from "../../../src/sdk/snippets/all.ts";

const HOST = "events.eu1.example.com";
const KEY = "wk_eu_0123";
const SNIPPETS = snippetsFor({ writeKey: KEY, host: HOST, scheme: "https" });
const NAMED = SNIPPETS.map((snippet) => [snippet.sdk, snippet] as const);

/** The form in which each SDK wants its host. */
const FORMS: Readonly<Record<string, readonly string[]>> = {
  browser: [`https://${HOST}`],
  "browser-npm": [`https://${HOST}`],
  node: [`https://${HOST}`],
  python: [`https://${HOST}`],
  go: [`https://${HOST}`],
  java: [`https://${HOST}`],
  ruby: [HOST],
  php: [HOST],
  csharp: [`${HOST}/v1`, `${HOST}/v1`],
  swift: [`${HOST}/v1`, `${HOST}/v1`],
  kotlin: [`${HOST}/v1`, `${HOST}/v1`, `${HOST}/v1`],
  flutter: [`${HOST}/v1`, `${HOST}/v1`],
  "react-native": [`https://${HOST}/v1`, `https://${HOST}/v1`, "true"],
  http: [`https://${HOST}/v1`],
};

describe("snippets", () => {
  it("are there for every SDK", () => {
    expect(SNIPPETS.map(({ sdk }) => sdk)).toEqual(Object.keys(FORMS));
  });

  it.each(NAMED)("name the host as %s wants it", (sdk, { settings }) => {
    expect(settings.map(({ value }) => value)).toEqual(FORMS[sdk]);
  });

  it.each(NAMED)("of %s contain what they list", (_sdk, { settings, code }) => {
    expect(settings.filter(({ value }) => !code.includes(value))).toEqual([]);
  });

  it.each(NAMED)("of %s contain the key", (_sdk, { code }) => {
    expect(code).toContain(KEY);
  });

  it.each(NAMED)("of %s name no other host", (_sdk, { code }) => {
    const hosts = Array.from(
      code.matchAll(/https?:\/\/([\w.-]+)|["'](api\.segment\.io[^"']*)["']/g),
      ([, url, bare]) => url ?? bare,
    );

    expect(hosts.filter((host) => host !== HOST)).toEqual([]);
  });

  it.each<[string, string, RegExp]>([
    ["kotlin", "default settings name the US host", /defaultSettings and cdnHost.*US/],
    ["kotlin", "Telemetry goes to the US", /Turn Telemetry off.*api\.segment\.io/],
    ["swift", "Telemetry goes to the US", /Turn Telemetry off.*api\.segment\.io/],
    ["csharp", "settings are not followed", /never uses it.*US host/],
    ["node", "a path is discarded", /path in host is discarded/],
    ["react-native", "no URL means the US host", /no URL makes the SDK fall back to Segment's US/],
  ])("warn who uses %s that %s", (sdk, _what, warning) => {
    const { warnings = [] } = SNIPPETS.find((snippet) => snippet.sdk === sdk) ?? {};

    expect(warnings.join("\n")).toMatch(warning);
  });

  it.each([
    ["swift", "Telemetry.shared.enable = false"],
    ["kotlin", "Telemetry.enable = false"],
    ["kotlin", "defaultSettings = Settings("],
    ["react-native", "useSegmentEndpoints: true"],
  ])("do for %s what the warnings ask: %s", (sdk, line) => {
    expect(SNIPPETS.find((snippet) => snippet.sdk === sdk)?.code).toContain(line);
  });

  it("give Ruby its port apart", () => {
    const [ruby] = snippetsFor({ writeKey: KEY, host: `${HOST}:8443`, scheme: "https" }).filter(
      ({ sdk }) => sdk === "ruby",
    );

    expect(ruby?.settings).toEqual([
      { option: "host", value: HOST },
      { option: "port", value: "8443" },
    ]);
  });

  it("say which SDKs cannot reach a stack on one's own machine", () => {
    const local = snippetsFor({ writeKey: KEY, host: "a.localhost:8787", scheme: "http" });
    const warned = local.filter(({ warnings }) => warnings.join().includes("always uses https"));

    expect(warned.map(({ sdk }) => sdk)).toEqual([
      "ruby",
      "php",
      "csharp",
      "swift",
      "kotlin",
      "flutter",
    ]);
  });
});

import { describe, expect, it } from "vitest";

import { askSdk, bundlePath, settingsPath, type Asked } from "../../support/sdks/ask-sdk.ts";
import { codeOf, EU_HOST, EU_SOURCE, US_HOST, writeKeyOf } from "../../support/tracking.ts";

const EU_KEY = writeKeyOf(EU_SOURCE);
const LAST = EU_KEY.slice(-1);
const FORGED = EU_KEY.slice(0, -1) + (LAST === "0" ? "1" : "0");

describe.each([
  ["settings", settingsPath],
  ["the bundle", bundlePath],
])("%s", (_title, pathOf) => {
  it.each<[string, number, string, string, Asked, number]>([
    ["of another region", 403, "wrong_region", EU_KEY, { url: `https://${US_HOST}` }, 1],
    ["that was forged", 403, "forged_write_key", FORGED, {}, 0],
    ["that is none of ours", 403, "unknown_source", "D8frB7upBChqDN9P", {}, 0],
    ["of no source", 403, "unknown_source", EU_KEY, { lookup: () => ({ kind: "unknown" }) }, 1],
    ["that was revoked", 403, "write_key_revoked", EU_KEY, { source: { keyVersions: [2] } }, 1],
    ["of a disabled source", 403, "source_disabled", EU_KEY, { source: { enabled: false } }, 1],
    [
      "whose workspace cannot be reached",
      503,
      "unavailable",
      EU_KEY,
      { lookup: () => ({ kind: "unavailable" }) },
      1,
    ],
    [
      "at a host that is not ours",
      421,
      "unknown_host",
      EU_KEY,
      { url: "https://a.example.com" },
      0,
    ],
  ])("are refused for a key %s: %i %s", async (_case, status, code, key, options, asked) => {
    const { response, lookups } = await askSdk(pathOf(key), options);

    expect([response.status, await codeOf(response), lookups]).toEqual([status, code, asked]);
    expect(response.headers.get("cache-control")).toBe("no-store");
  });

  it.each<[string, string, Asked]>([
    ["wrong_region", "eu1", { url: `https://${US_HOST}` }],
    ["write_key_revoked", "eu1", { source: { keyVersions: [2] } }],
    ["source_disabled", "eu1", { source: { enabled: false } }],
  ])("count at the source that they were refused with %s", async (code, ingestRegion, options) => {
    const { noted, appends } = await askSdk(pathOf(EU_KEY), options);

    expect(noted).toEqual({ [`sdk_refused_${code}`]: 1 });
    expect(appends.map(({ ref }) => ref.ingestRegion)).toEqual([ingestRegion]);
  });

  it("count nothing for what is served, nor for a key that nobody has", async () => {
    const served = await askSdk(pathOf(EU_KEY));
    const forged = await askSdk(pathOf(FORGED));

    expect([served.appends, forged.appends]).toEqual([[], []]);
  });

  it("are refused to a key of another region also while its workspace cannot be reached", async () => {
    const { response } = await askSdk(pathOf(EU_KEY), {
      url: `https://${US_HOST}`,
      lookup: () => ({ kind: "unavailable" }),
    });

    expect(await codeOf(response)).toBe("wrong_region");
  });

  it("name the right host to a key of another region", async () => {
    const { response } = await askSdk(pathOf(EU_KEY), { url: `https://${US_HOST}` });

    expect(await response.text()).toContain(EU_HOST);
  });

  it("are not taken by POST", async () => {
    const { response } = await askSdk(pathOf(EU_KEY), { method: "POST" });

    expect([response.status, response.headers.get("allow")]).toEqual([405, "GET, HEAD, OPTIONS"]);
  });
});

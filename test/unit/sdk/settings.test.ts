import { describe, expect, it } from "vitest";

import { askSdk, settingsPath, type Asked } from "../../support/sdks/ask-sdk.ts";
import { routeOf } from "../../support/source-configs.ts";
import {
  codeOf,
  EU_HOST,
  EU_SOURCE,
  US_HOST,
  US_SOURCE,
  writeKeyOf,
} from "../../support/tracking.ts";

const EU_KEY = writeKeyOf(EU_SOURCE);
const US_KEY = writeKeyOf(US_SOURCE);

async function settingsOf(key: string, options: Asked = {}): Promise<Record<string, unknown>> {
  const { response } = await askSdk(settingsPath(key), options);
  return (await response.json()) as Record<string, unknown>;
}

function apiHostIn(settings: Record<string, unknown>): unknown {
  const integrations = settings["integrations"] as Record<string, Record<string, unknown>>;
  return integrations["Segment.io"]?.["apiHost"];
}

describe("settings documents", () => {
  it("have everything that SDKs look for, with the regional host", async () => {
    expect(await settingsOf(EU_KEY)).toEqual({
      integrations: {
        "Segment.io": {
          apiKey: EU_KEY,
          apiHost: `${EU_HOST}/v1`,
          addBundledMetadata: true,
          unbundledIntegrations: [],
          maybeBundledConfigIds: {},
          versionSettings: { version: "4.4.7", componentTypes: ["browser"] },
        },
      },
      plan: {
        track: { __default: { enabled: true, integrations: {} } },
        identify: { __default: { enabled: true } },
        group: { __default: { enabled: true } },
      },
      edgeFunction: {},
      analyticsNextEnabled: true,
      middlewareSettings: {},
      enabledMiddleware: {},
      metrics: { sampleRate: 0, host: `${EU_HOST}/v1` },
      legacyVideoPluginsEnabled: false,
      remotePlugins: [],
    });
  });

  it("name the host of the source's ingest region, not the one that was asked", async () => {
    const settings = await settingsOf(US_KEY, { url: `https://${EU_HOST}` });

    expect(apiHostIn(settings)).toBe(`${US_HOST}/v1`);
    expect(settings["metrics"]).toEqual({ sampleRate: 0, host: `${US_HOST}/v1` });
  });

  it("follow a change of the source's ingest region", async () => {
    const source = { route: routeOf({ n: 2, ingestRegion: "eu1", state: "fencing" }) };

    expect(apiHostIn(await settingsOf(US_KEY, { url: `https://${US_HOST}`, source }))).toBe(
      `${EU_HOST}/v1`,
    );
  });

  it("name no host at all rather than another region's", async () => {
    const source = { route: routeOf({ ingestRegion: "ap1" }) };

    const { response } = await askSdk(settingsPath(US_KEY), { url: `https://${US_HOST}`, source });

    expect([response.status, await codeOf(response.clone())]).toEqual([503, "no_regional_host"]);
    expect(await response.text()).not.toContain(US_HOST);
    expect(response.headers.get("retry-after")).toBe("5");
  });

  it.each(["http://localhost:8787", "http://127.0.0.1:8787", "http://[::1]:8787"])(
    "name %s, and plain http, on a developer's own machine",
    async (url) => {
      const settings = await settingsOf(EU_KEY, { url, environment: "development" });

      const { host } = new URL(url);
      expect(settings["integrations"]).toMatchObject({
        "Segment.io": { apiHost: `${host}/v1`, protocol: "http" },
      });
    },
  );

  it("never tell an SDK to use plain http in production", async () => {
    const settings = await settingsOf(EU_KEY, { url: `http://${EU_HOST}` });

    expect(JSON.stringify(settings)).not.toContain("http");
  });

  it("are asked for again at each load, by the browser and by nobody between", async () => {
    const { response } = await askSdk(settingsPath(EU_KEY));

    expect(response.headers.get("cache-control")).toBe("private, max-age=0, must-revalidate");
  });

  it.each(["%s", "W/%s", '"other", %s'])(
    "need not be sent twice: If-None-Match %s",
    async (form) => {
      const first = await askSdk(settingsPath(EU_KEY));
      const etag = first.response.headers.get("etag") ?? "";

      const { response } = await askSdk(settingsPath(EU_KEY), {
        headers: { "if-none-match": form.replace("%s", etag) },
      });

      expect([response.status, await response.text()]).toEqual([304, ""]);
    },
  );

  it("are sent again when the host has changed", async () => {
    const first = await askSdk(settingsPath(US_KEY));
    const etag = first.response.headers.get("etag") ?? "";

    const { response } = await askSdk(settingsPath(US_KEY), {
      headers: { "if-none-match": etag },
      source: { route: routeOf({ ingestRegion: "eu1" }) },
    });

    expect(response.status).toBe(200);
  });

  it("may be read by any page", async () => {
    const headers = { origin: "https://shop.example.com" };

    const { response } = await askSdk(settingsPath(EU_KEY), { headers });

    expect(response.headers.get("access-control-allow-origin")).toBe("https://shop.example.com");
  });

  it("answer the preflight of React Native, which asks not to cache", async () => {
    const { response } = await askSdk(settingsPath(EU_KEY), {
      method: "OPTIONS",
      headers: {
        origin: "https://shop.example.com",
        "access-control-request-headers": "cache-control",
      },
    });

    expect(response.status).toBe(204);
    expect(response.headers.get("access-control-allow-headers")).toContain("cache-control");
  });

  it("answer HEAD without a body", async () => {
    const { response } = await askSdk(settingsPath(EU_KEY), { method: "HEAD" });

    expect([response.status, await response.text()]).toEqual([200, ""]);
  });
});

import { describe, expect, it } from "vitest";

import { handleSdk } from "../../../src/sdk/routes.ts";
import { routeOf } from "../../support/source-configs.ts";
import {
  codeOf,
  EU_HOST,
  EU_SOURCE,
  TestTracking,
  US_HOST,
  US_SOURCE,
  writeKeyOf,
  type TestOptions,
} from "../../support/tracking.ts";

const EU_KEY = writeKeyOf(EU_SOURCE);
const US_KEY = writeKeyOf(US_SOURCE);
const BUNDLE = 'key="__WRITE_KEY__";origin="__HOMEPORT_ORIGIN__";api="__HOMEPORT_API_HOST__"';
const PART = "/analytics-next/bundles/one.bundle.0f.js";

type Asked = TestOptions & {
  readonly url?: string;
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly assets?: Readonly<Record<string, string>>;
};

const ASSETS = { "/analytics-next/analytics.min.js": BUNDLE, [PART]: "part()" };

/** The answer, and how often a Workspace was asked for it. */
async function ask(path: string, options: Asked = {}) {
  const { url = `https://${EU_HOST}`, method = "GET", headers = {}, assets = ASSETS } = options;
  const tracking = new TestTracking(options);
  const services = {
    ...tracking.services,
    asset: async (name: string) => (assets as Record<string, string>)[name],
  };
  const request = new Request(url + path, { method, headers });
  const response = await handleSdk(request as never, services);
  if (response === undefined) throw new Error(`Cannot find ${path}: no path of SDKs`);
  return { response: response as unknown as Response, lookups: tracking.lookups };
}

const settingsPath = (key: string): string => `/v1/projects/${key}/settings`;
const bundlePath = (key: string): string => `/analytics.js/v1/${key}/analytics.min.js`;

async function settingsOf(key: string, options: Asked = {}): Promise<Record<string, unknown>> {
  const { response } = await ask(settingsPath(key), options);
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

    const { response } = await ask(settingsPath(US_KEY), { url: `https://${US_HOST}`, source });

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
    const { response } = await ask(settingsPath(EU_KEY));

    expect(response.headers.get("cache-control")).toBe("private, max-age=0, must-revalidate");
  });

  it.each(["%s", "W/%s", '"other", %s'])(
    "need not be sent twice: If-None-Match %s",
    async (form) => {
      const first = await ask(settingsPath(EU_KEY));
      const etag = first.response.headers.get("etag") ?? "";

      const { response } = await ask(settingsPath(EU_KEY), {
        headers: { "if-none-match": form.replace("%s", etag) },
      });

      expect([response.status, await response.text()]).toEqual([304, ""]);
    },
  );

  it("are sent again when the host has changed", async () => {
    const first = await ask(settingsPath(US_KEY));
    const etag = first.response.headers.get("etag") ?? "";

    const { response } = await ask(settingsPath(US_KEY), {
      headers: { "if-none-match": etag },
      source: { route: routeOf({ ingestRegion: "eu1" }) },
    });

    expect(response.status).toBe(200);
  });

  it("may be read by any page", async () => {
    const headers = { origin: "https://shop.example.com" };

    const { response } = await ask(settingsPath(EU_KEY), { headers });

    expect(response.headers.get("access-control-allow-origin")).toBe("https://shop.example.com");
  });

  it("answer the preflight of React Native, which asks not to cache", async () => {
    const { response } = await ask(settingsPath(EU_KEY), {
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
    const { response } = await ask(settingsPath(EU_KEY), { method: "HEAD" });

    expect([response.status, await response.text()]).toEqual([200, ""]);
  });
});

const LAST = EU_KEY.slice(-1);
const FORGED = EU_KEY.slice(0, -1) + (LAST === "0" ? "1" : "0");

describe.each([
  ["settings", settingsPath],
  ["the bundle", bundlePath],
])("%s", (_title, pathOf) => {
  it.each<[string, number, string, string, Asked, number]>([
    ["of another region", 403, "wrong_region", EU_KEY, { url: `https://${US_HOST}` }, 0],
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
    const { response, lookups } = await ask(pathOf(key), options);

    expect([response.status, await codeOf(response), lookups]).toEqual([status, code, asked]);
    expect(response.headers.get("cache-control")).toBe("no-store");
  });

  it("name the right host to a key of another region", async () => {
    const { response } = await ask(pathOf(EU_KEY), { url: `https://${US_HOST}` });

    expect(await response.text()).toContain(EU_HOST);
  });

  it("are not taken by POST", async () => {
    const { response } = await ask(pathOf(EU_KEY), { method: "POST" });

    expect([response.status, response.headers.get("allow")]).toEqual([405, "GET, HEAD, OPTIONS"]);
  });
});

describe("the browser bundle", () => {
  it("has the key and the host of the source's ingest region in it", async () => {
    const { response } = await ask(bundlePath(US_KEY), { url: `https://${EU_HOST}` });

    expect(await response.text()).toBe(
      `key="${US_KEY}";origin="https://${US_HOST}";api="${US_HOST}/v1"`,
    );
    expect(response.headers.get("content-type")).toBe("text/javascript; charset=utf-8");
  });

  it("is asked for again at each load", async () => {
    const { response } = await ask(bundlePath(EU_KEY));

    expect(response.headers.get("cache-control")).toBe("private, max-age=0, must-revalidate");
    expect(response.headers.get("etag")).toMatch(/^"[0-9a-f]{24}"$/);
  });

  it("may be loaded by pages that isolate themselves", async () => {
    const { response } = await ask(bundlePath(EU_KEY));

    expect(response.headers.get("cross-origin-resource-policy")).toBe("cross-origin");
  });

  it("is 503 when the deployment has none", async () => {
    const { response } = await ask(bundlePath(EU_KEY), { assets: {} });

    expect([response.status, await codeOf(response)]).toEqual([503, "unavailable"]);
  });

  it("has parts that a browser may keep for good", async () => {
    const { response } = await ask(PART);

    expect(await response.text()).toBe("part()");
    expect(response.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
  });

  it("has no other parts", async () => {
    const { response } = await ask("/analytics-next/bundles/two.bundle.0f.js");

    expect([response.status, await codeOf(response)]).toEqual([404, "not_found"]);
  });

  it("serves no part at a host that is not ours", async () => {
    const { response } = await ask(PART, { url: "https://a.example.com" });

    expect(await codeOf(response)).toBe("unknown_host");
  });

  it("comes without the SDK before it", async () => {
    const { response } = await ask(`/analytics.js/v1/${EU_KEY}/analytics.classic.js`);

    expect([response.status, await codeOf(response)]).toEqual([404, "not_found"]);
  });
});

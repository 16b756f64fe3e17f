import { describe, expect, it } from "vitest";

import { askSdk, bundlePath, PART } from "../../support/sdks/ask-sdk.ts";
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

describe("the browser bundle", () => {
  it("has the key and the host of the source's ingest region in it", async () => {
    const { response } = await askSdk(bundlePath(US_KEY), { url: `https://${EU_HOST}` });

    expect(await response.text()).toBe(
      `key="${US_KEY}";origin="https://${US_HOST}";api="${US_HOST}/v1"`,
    );
    expect(response.headers.get("content-type")).toBe("text/javascript; charset=utf-8");
  });

  it("is asked for again at each load", async () => {
    const { response } = await askSdk(bundlePath(EU_KEY));

    expect(response.headers.get("cache-control")).toBe("private, max-age=0, must-revalidate");
    expect(response.headers.get("etag")).toMatch(/^"[0-9a-f]{24}"$/);
  });

  it("may be loaded by pages that isolate themselves", async () => {
    const { response } = await askSdk(bundlePath(EU_KEY));

    expect(response.headers.get("cross-origin-resource-policy")).toBe("cross-origin");
  });

  it("is 503 when the deployment has none", async () => {
    const { response } = await askSdk(bundlePath(EU_KEY), { assets: {} });

    expect([response.status, await codeOf(response)]).toEqual([503, "unavailable"]);
  });

  it("has parts that a browser may keep for good", async () => {
    const { response } = await askSdk(PART);

    expect(await response.text()).toBe("part()");
    expect(response.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
  });

  it("has licences, which are asked for again", async () => {
    const assets = { "/analytics-next/LICENSES.txt": "MIT" };

    const { response } = await askSdk("/analytics-next/LICENSES.txt", { assets });

    expect([await response.text(), response.headers.get("content-type")]).toEqual([
      "MIT",
      "text/plain; charset=utf-8",
    ]);
    expect(response.headers.get("cache-control")).toBe("private, max-age=0, must-revalidate");
  });

  it("has no other parts", async () => {
    const { response } = await askSdk("/analytics-next/bundles/two.bundle.0f.js");

    expect([response.status, await codeOf(response)]).toEqual([404, "not_found"]);
  });

  it("serves no part at a host that is not ours", async () => {
    const { response } = await askSdk(PART, { url: "https://a.example.com" });

    expect(await codeOf(response)).toBe("unknown_host");
  });

  it("comes without the SDK before it", async () => {
    const { response } = await askSdk(`/analytics.js/v1/${EU_KEY}/analytics.classic.js`);

    expect([response.status, await codeOf(response)]).toEqual([404, "not_found"]);
  });
});

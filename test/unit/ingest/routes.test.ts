import { describe, expect, it } from "vitest";

import { handleIngest } from "../../../src/ingest/routes.ts";
import { codeOf, EU_HOST, TestTracking, track } from "../../support/tracking.ts";

const BODIES: Readonly<Record<string, Record<string, unknown>>> = {
  track: { event: "e", userId: "u" },
  identify: { userId: "u" },
  page: { userId: "u" },
  screen: { userId: "u" },
  group: { userId: "u", groupId: "g" },
  alias: { userId: "u", previousId: "p" },
};

describe("paths", () => {
  const singles = Object.keys(BODIES).flatMap((type) => [
    [`/v1/${type}`, type],
    [`/v1/${type.slice(0, 1)}`, type],
    [`/v1/${type}/`, type],
    [`/v1/v1/${type}`, type],
    [`/${type}`, type],
  ]);

  it.each(singles)("%s takes a call of %s", async (path, type) => {
    const tracking = new TestTracking();

    await tracking.post(path, BODIES[type]);

    expect(tracking.events.map((event) => event["type"])).toEqual([type]);
  });

  it.each(["/v1/batch", "/v1/import", "/v1/import/", "/v1/b", "/v1/v1/b", "/batch", "/import"])(
    "%s takes a batch",
    async (path) => {
      const tracking = new TestTracking();

      await tracking.post(path, { batch: [track(), track({ type: "identify" })] });

      expect(tracking.events.map((event) => event["type"])).toEqual(["track", "identify"]);
    },
  );

  it.each(["/v1/t", "/v1/b"])("%s is a client's: channel client and the address", async (path) => {
    const tracking = new TestTracking();

    await tracking.post(path, path === "/v1/b" ? { batch: [track()] } : track(), {
      "CF-Connecting-IP": "203.0.113.7",
    });

    expect(tracking.events).toMatchObject([{ channel: "client", context: { ip: "203.0.113.0" } }]);
  });

  it.each(["/v1/track", "/v1/batch", "/v1/import"])(
    "%s is a server's: channel server and no address",
    async (path) => {
      const tracking = new TestTracking();

      await tracking.post(path, path === "/v1/track" ? track() : { batch: [track()] }, {
        "CF-Connecting-IP": "203.0.113.7",
      });

      expect(tracking.events.map(({ channel, context }) => [channel, context])).toEqual([
        ["server", undefined],
      ]);
    },
  );

  it("/v1/m is answered 200 and nothing is stored", async () => {
    const tracking = new TestTracking();

    const response = await tracking.fetch("/v1/m", { method: "POST", body: '{"series":[]}' });

    expect([response.status, await response.text(), tracking.appends.length]).toEqual([
      200,
      '{"success":true}',
      0,
    ]);
  });

  it.each(["/v1/nothing", "/v1", "/v1/v1/v1/track", "/v1/pixel/x", "/v1/Track"])(
    "%s is not found, as JSON",
    async (path) => {
      const response = await new TestTracking().post(path, track());

      expect([response.status, await codeOf(response)]).toEqual([404, "not_found"]);
    },
  );

  it("leaves other paths to others", async () => {
    const request = new Request(`https://${EU_HOST}/api/v1/sources`);

    expect(await handleIngest(request as never, new TestTracking().services)).toBeUndefined();
  });

  it.each([
    ["GET", "/v1/track", "POST, OPTIONS"],
    ["PUT", "/v1/batch", "POST, OPTIONS"],
    ["POST", "/v1/pixel/track", "GET, OPTIONS"],
  ])("%s %s is refused with the methods allowed", async (method, path, allow) => {
    const response = await new TestTracking().fetch(path, { method });

    expect([response.status, response.headers.get("Allow"), await codeOf(response)]).toEqual([
      405,
      allow,
      "method_not_allowed",
    ]);
  });
});

describe("success", () => {
  it('is exactly 200, JSON, {"success":true}', async () => {
    const response = await new TestTracking().post("/v1/track", track());

    expect([response.status, response.headers.get("Content-Type"), await response.text()]).toEqual([
      200,
      "application/json",
      '{"success":true}',
    ]);
  });

  it("waits until the queue has said that the events are durable", async () => {
    const told: string[] = [];
    const tracking = new TestTracking({
      answer: async () => {
        await Promise.resolve();
        told.push("durable");
        return { kind: "accepted", accepted: 1, duplicates: 0 };
      },
    });

    await tracking.post("/v1/track", track());
    told.push("answered");

    expect(told).toEqual(["durable", "answered"]);
  });
});

describe("CORS", () => {
  it("answers a preflight with the SDK's headers and what else the page asks for", async () => {
    const response = await new TestTracking().fetch("/v1/t", {
      method: "OPTIONS",
      headers: {
        Origin: "https://shop.example",
        "Access-Control-Request-Headers": "X-Site-Header, bad header\u00e9",
      },
    });

    expect(response.headers.get("Access-Control-Allow-Headers")).toBe(
      "authorization, content-type, x-retry-count, x-strict-mode, x-site-header",
    );
  });

  it("lets a preflight be remembered for a day", async () => {
    const { headers } = await new TestTracking().fetch("/v1/t", { method: "OPTIONS" });

    expect(headers.get("Access-Control-Max-Age")).toBe("86400");
  });

  it.each(["/v1/t", "/v1/nothing"])(
    "echoes the origin with credentials, on success and on error (%s)",
    async (path) => {
      const { headers } = await new TestTracking().post(path, track(), {
        Origin: "https://shop.example",
      });

      expect([
        headers.get("Access-Control-Allow-Origin"),
        headers.get("Access-Control-Allow-Credentials"),
        headers.get("Vary"),
      ]).toEqual(["https://shop.example", "true", "Origin"]);
    },
  );

  it("lets pages read when to come again", async () => {
    const { headers } = await new TestTracking().post("/v1/t", track());

    expect(headers.get("Access-Control-Expose-Headers")).toBe("Retry-After, X-RateLimit-Reset");
  });
});

import { gzipSync } from "node:zlib";

import { describe, expect, it } from "vitest";

import type { AppendAnswer } from "../../../src/ingest/append.ts";
import { BODY_BYTES_MAX } from "../../../src/ingest/limits.ts";
import { handleIngest } from "../../../src/ingest/routes.ts";
import {
  basic,
  codeOf,
  EU_HOST,
  EU_SOURCE,
  TestTracking,
  track,
  US_HOST,
  US_SOURCE,
  writeKeyOf,
} from "../../support/tracking.ts";

const KEY = writeKeyOf(EU_SOURCE);

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

describe("write keys", () => {
  const event = track();
  const inBody = { ...event, writeKey: KEY };

  it.each<[string, Record<string, string>, unknown]>([
    ["the Basic user name with a colon", { authorization: `Basic ${btoa(`${KEY}:`)}` }, event],
    ["the Basic user name without a colon", { authorization: `Basic ${btoa(KEY)}` }, event],
    ["a Basic header in another case", { authorization: `basic ${btoa(`${KEY}:`)}` }, event],
    ["the body", {}, inBody],
    ["the body beside a Bearer token", { authorization: "Bearer token" }, inBody],
    ["the body beside an empty Basic user", { authorization: `Basic ${btoa(":")}` }, inBody],
  ])("are taken from %s", async (_title, headers, body) => {
    const tracking = new TestTracking();

    await tracking.fetch("/v1/track", { method: "POST", headers, body: JSON.stringify(body) });

    expect(tracking.events).toHaveLength(1);
  });

  it("are taken from a batch's envelope", async () => {
    const tracking = new TestTracking();
    const body = JSON.stringify({ batch: [event], writeKey: KEY });

    await tracking.fetch("/v1/b", { method: "POST", body });

    expect(tracking.events).toHaveLength(1);
  });

  it("of the header win over those of the body", async () => {
    const tracking = new TestTracking();

    const response = await tracking.post("/v1/track", { ...event, writeKey: "wk_us_nonsense" });

    expect(response.status).toBe(200);
  });

  it.each<[string, string, number, string | undefined]>([
    ["missing", "missing_write_key", 401, undefined],
    ["none of ours", "unknown_source", 403, "D8frB7upBChqDN9PMWksNvZYDaKJIYo6"],
    ["forged", "forged_write_key", 403, KEY.slice(0, -1) + (KEY.endsWith("0") ? "1" : "0")],
  ])("that are %s are refused with %s", async (_title, code, status, key) => {
    const tracking = new TestTracking();

    const response = await tracking.fetch("/v1/track", {
      method: "POST",
      body: JSON.stringify(event),
      headers: key === undefined ? {} : { authorization: basic(key) },
    });

    expect([response.status, await codeOf(response), tracking.lookups]).toEqual([status, code, 0]);
  });

  it("of a source that does not exist are refused", async () => {
    const tracking = new TestTracking({ lookup: () => ({ kind: "unknown" }) });

    const response = await tracking.post("/v1/track", event);

    expect([response.status, await codeOf(response)]).toEqual([403, "unknown_source"]);
  });

  it("that were revoked are refused", async () => {
    const tracking = new TestTracking({ source: { keyVersions: [2] } });

    const response = await tracking.post("/v1/track", event);

    expect([response.status, await codeOf(response)]).toEqual([403, "write_key_revoked"]);
  });

  it("newer than the config that is known go to the queue, which knows better", async () => {
    const tracking = new TestTracking({ source: { keyVersions: [1] } });

    await tracking.post("/v1/track", event, { authorization: basic(writeKeyOf(EU_SOURCE, 2)) });

    expect(tracking.appends.map(({ append }) => append.keyVersion)).toEqual([2]);
  });

  it("of a disabled source are refused", async () => {
    const tracking = new TestTracking({ source: { enabled: false } });

    const response = await tracking.post("/v1/track", event);

    expect([response.status, await codeOf(response)]).toEqual([403, "source_disabled"]);
  });
});

describe("regions", () => {
  it("refuse a key of an eu workspace at a us host, name the right host, store nothing", async () => {
    const tracking = new TestTracking();

    const response = await tracking.fetch("/v1/batch", {
      method: "POST",
      host: US_HOST,
      body: JSON.stringify({ writeKey: KEY, batch: [track(), track()] }),
    });

    const answer = (await response.json()) as Record<string, unknown>;
    expect([response.status, answer["code"]]).toEqual([403, "wrong_region"]);
    expect(answer["message"]).toContain(EU_HOST);
    expect(tracking.lines).toEqual([]);
  });

  it("count it at the key's own home, by event when the key stood in the body", async () => {
    const tracking = new TestTracking();

    await tracking.fetch("/v1/batch", {
      method: "POST",
      host: US_HOST,
      body: JSON.stringify({ writeKey: KEY, batch: [track(), track()] }),
    });

    expect(tracking.appends.map(({ ref, append }) => [ref.ingestRegion, append.refused])).toEqual([
      ["eu1", { wrong_region: 2 }],
    ]);
  });

  it("refuse by the header before the body is read", async () => {
    const body = new ReadableStream({
      pull() {
        throw new Error("read");
      },
    });

    const response = await new TestTracking().fetch("/v1/track", {
      method: "POST",
      host: US_HOST,
      body,
      duplex: "half",
      headers: { authorization: basic(KEY) },
    } as RequestInit);

    expect(await codeOf(response)).toBe("wrong_region");
  });

  it("refuse a forged key for another region as forged", async () => {
    const forged = KEY.slice(0, -1) + (KEY.endsWith("0") ? "1" : "0");

    const response = await new TestTracking().fetch("/v1/track", {
      method: "POST",
      host: US_HOST,
      body: "{}",
      headers: { authorization: basic(forged) },
    });

    expect(await codeOf(response)).toBe("forged_write_key");
  });

  it("take a key of a us workspace at an allowed eu host, and count it", async () => {
    const tracking = new TestTracking();

    await tracking.post("/v1/track", track(), { authorization: basic(writeKeyOf(US_SOURCE)) });

    expect(tracking.appends.map(({ ref, append }) => [ref.ingestRegion, append.noted])).toEqual([
      ["us1", { other_ingest_host: 1 }],
    ]);
  });

  it("are unknown for a host that is not listed", async () => {
    const response = await new TestTracking().fetch("/v1/track", {
      method: "POST",
      host: "elsewhere.example.com",
      body: "{}",
    });

    expect([response.status, await codeOf(response)]).toEqual([421, "unknown_host"]);
  });

  it.each(["localhost:8787", "127.0.0.1", "[::1]:8787"])(
    "do not matter on %s in development",
    async (host) => {
      const tracking = new TestTracking({ environment: "development" });
      const headers = { authorization: basic(KEY) };

      await tracking.fetch("/v1/track", {
        method: "POST",
        host,
        body: JSON.stringify(track()),
        headers,
      });

      expect(tracking.events).toHaveLength(1);
    },
  );

  it("are unknown on localhost in production", async () => {
    const response = await new TestTracking().fetch("/v1/track", {
      method: "POST",
      host: "localhost",
      body: "{}",
    });

    expect(await codeOf(response)).toBe("unknown_host");
  });
});

describe("bodies", () => {
  it.each(["application/json", "text/plain", "application/x-www-form-urlencoded", "nonsense"])(
    "are JSON whatever the content type says (%s)",
    async (type) => {
      const tracking = new TestTracking();

      await tracking.post("/v1/track", track(), { "Content-Type": type });

      expect(tracking.events).toHaveLength(1);
    },
  );

  it("may have no content type", async () => {
    const tracking = new TestTracking();

    await tracking.fetch("/v1/track", {
      method: "POST",
      headers: { authorization: basic(KEY) },
      body: new TextEncoder().encode(JSON.stringify(track())),
    });

    expect(tracking.events).toHaveLength(1);
  });

  it("may be gzip", async () => {
    const tracking = new TestTracking();

    await tracking.fetch("/v1/b", {
      method: "POST",
      headers: { "Content-Encoding": "gzip" },
      body: gzipSync(JSON.stringify({ batch: [track()], writeKey: KEY })),
    });

    expect(tracking.events).toHaveLength(1);
  });

  it("may come in chunks, without a length", async () => {
    const tracking = new TestTracking();
    const bytes = new TextEncoder().encode(JSON.stringify({ ...track(), writeKey: KEY }));
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(bytes.slice(0, 10));
        controller.enqueue(bytes.slice(10));
        controller.close();
      },
    });

    await tracking.fetch("/v1/t", { method: "POST", body, duplex: "half" } as RequestInit);

    expect(tracking.events).toHaveLength(1);
  });

  it("may begin with a byte order mark", async () => {
    const tracking = new TestTracking();

    await tracking.post("/v1/track", `\ufeff${JSON.stringify(track({ name: "é" }))}`);

    expect(tracking.events).toMatchObject([{ name: "é" }]);
  });

  const padded = (bytes: number): string => {
    const empty = JSON.stringify({ batch: [track()], pad: "" });
    return JSON.stringify({ batch: [track()], pad: "x".repeat(bytes - empty.length) });
  };

  it(`may have ${BODY_BYTES_MAX} bytes, as analytics-ruby sends at most`, async () => {
    const response = await new TestTracking().post("/v1/import", padded(BODY_BYTES_MAX));

    expect(response.status).toBe(200);
  });

  it.each<[string, (text: string) => RequestInit]>([
    ["with a length", (text) => ({ body: text, headers: { "Content-Length": `${text.length}` } })],
    ["in chunks", (text) => ({ body: text })],
    ["in gzip", (text) => ({ body: gzipSync(text), headers: { "Content-Encoding": "gzip" } })],
    [
      "in gzip that says it is short",
      (text) => ({
        body: gzipSync(text),
        headers: { "Content-Encoding": "gzip", "Content-Length": "10" },
      }),
    ],
  ])("of one byte more are refused %s", async (_title, initOf) => {
    const init = initOf(padded(BODY_BYTES_MAX + 1));

    const response = await new TestTracking().fetch("/v1/batch", {
      method: "POST",
      ...init,
      headers: { ...(init.headers as Record<string, string>), authorization: basic(KEY) },
    });

    expect([response.status, await response.json()]).toEqual([
      400,
      {
        success: false,
        code: "body_too_large",
        message: "Exceed payload limit",
        error: "Exceed payload limit",
      },
    ]);
  });

  it("of a gzip bomb are given up at the limit", async () => {
    const bomb = gzipSync(Buffer.alloc(200_000_000));

    const response = await new TestTracking().fetch("/v1/batch", {
      method: "POST",
      headers: { "Content-Encoding": "gzip", authorization: basic(KEY) },
      body: bomb,
    });

    expect(await codeOf(response)).toBe("body_too_large");
  });

  it.each(["gzip, gzip", "br", "deflate", "zstd"])(
    "in the encoding %s are refused with 415",
    async (encoding) => {
      const response = await new TestTracking().post("/v1/track", track(), {
        "Content-Encoding": encoding,
      });

      expect([response.status, await codeOf(response)]).toEqual([
        415,
        "unsupported_content_encoding",
      ]);
    },
  );

  it("that say gzip and are none are refused", async () => {
    const response = await new TestTracking().post("/v1/track", track(), {
      "Content-Encoding": "gzip",
    });

    expect([response.status, await codeOf(response)]).toEqual([400, "bad_request"]);
  });
});

describe("answers of the queues", () => {
  const answers: [string, AppendAnswer, number, string, string | null][] = [
    ["rate", { kind: "rate-limited", retryAfterMs: 1500 }, 429, "too_many_requests", "2"],
    [
      "back-pressure",
      { kind: "unavailable", reason: "backlog", retryAfterMs: 10_000 },
      503,
      "unavailable",
      "10",
    ],
    [
      "a disabled source",
      { kind: "refused", code: "source_disabled" },
      403,
      "source_disabled",
      null,
    ],
    [
      "a revoked key",
      { kind: "refused", code: "write_key_revoked" },
      403,
      "write_key_revoked",
      null,
    ],
  ];

  it.each(answers)("become the client's: %s", async (_title, answer, status, code, retryAfter) => {
    const tracking = new TestTracking({ answer: () => answer });

    const response = await tracking.post("/v1/track", track());

    expect([response.status, response.headers.get("Retry-After"), await codeOf(response)]).toEqual([
      status,
      retryAfter,
      code,
    ]);
  });

  it("say when a rate is free again, in both headers", async () => {
    const tracking = new TestTracking({
      answer: () => ({ kind: "rate-limited", retryAfterMs: 200 }),
    });

    const { headers } = await tracking.post("/v1/track", track());

    expect([headers.get("Retry-After"), headers.get("X-RateLimit-Reset")]).toEqual(["1", "1"]);
  });

  it("that never come are 503, and say nothing of the fault", async () => {
    const tracking = new TestTracking({
      answer: () => {
        throw new Error("u1 bought a pony");
      },
    });

    const response = await tracking.post("/v1/track", track());

    expect([response.status, response.headers.has("Retry-After")]).toEqual([503, true]);
    expect(await response.text()).not.toContain("pony");
  });

  it("of a workspace that cannot be reached are 503", async () => {
    const tracking = new TestTracking({ lookup: () => ({ kind: "unavailable" }) });

    const response = await tracking.post("/v1/track", track());

    expect([response.status, response.headers.has("Retry-After")]).toEqual([503, true]);
  });
});

describe("errors", () => {
  it("are objects with success, code, message and error", async () => {
    const response = await new TestTracking().post("/v1/track", "{");

    const message = "Cannot read the body: it is not JSON";
    expect([response.status, await response.json()]).toEqual([
      400,
      { success: false, code: "bad_request", message, error: message },
    ]);
  });

  it.each([
    ["not UTF-8", new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
    [
      "a surrogate as UTF-8",
      new Uint8Array([0x7b, 0x22, 0xed, 0xa0, 0x80, 0x22, 0x3a, 0x31, 0x7d]),
    ],
    ["empty", new Uint8Array()],
    ["a list", new TextEncoder().encode("[]")],
    ["a text", new TextEncoder().encode('"x"')],
    ["null", new TextEncoder().encode("null")],
    ["a million levels deep", new TextEncoder().encode(`{"a":${"[".repeat(400_000)}`)],
    ["cut off", new TextEncoder().encode('{"type":"track"')],
    ["two events", new TextEncoder().encode("{}{}")],
    ["NUL", new Uint8Array(10)],
  ])("are 400 for a body that is %s", async (_title, body) => {
    const response = await new TestTracking().fetch("/v1/track", {
      method: "POST",
      headers: { authorization: basic(KEY) },
      body,
    });

    expect([response.status, await codeOf(response)]).toEqual([400, "bad_request"]);
  });

  it("are counted at the source when the header named it", async () => {
    const tracking = new TestTracking();

    await tracking.post("/v1/track", "{");

    expect(tracking.refused).toEqual({ bad_request: 1 });
  });

  it.each(["{}", '{"batch":{}}', '{"batch":null}', '{"batch":[],"batch":1}'])(
    "are 400 for a batch without a list: %s",
    async (body) => {
      const response = await new TestTracking().post("/v1/batch", body);

      expect([response.status, await codeOf(response)]).toEqual([400, "bad_request"]);
    },
  );
});

describe("semantic errors", () => {
  it("are answered 200 and counted by code, as Segment does", async () => {
    const tracking = new TestTracking();

    const response = await tracking.post("/v1/track", { event: "e" });

    expect([response.status, tracking.refused, tracking.lines]).toEqual([
      200,
      { no_user_anon_id: 1 },
      [],
    ]);
  });

  it("do not touch the other events of a batch", async () => {
    const tracking = new TestTracking();

    await tracking.post("/v1/batch", { batch: [track(), { type: "track" }, track()] });

    expect([tracking.events.length, tracking.refused]).toEqual([2, { no_user_anon_id: 1 }]);
  });

  it("are real errors in strict mode, with the item, and nothing is stored", async () => {
    const tracking = new TestTracking();

    const response = await tracking.post(
      "/v1/batch",
      { batch: [track(), { type: "track", userId: "u" }] },
      { "X-Strict-Mode": "1" },
    );

    const answer = (await response.json()) as Record<string, string>;
    expect([response.status, answer["code"], answer["message"]?.split(":")[0]]).toEqual([
      400,
      "event_not_defined",
      "batch[1]",
    ]);
    expect([tracking.lines, tracking.refused]).toEqual([[], { event_not_defined: 1 }]);
  });

  it("of an empty batch are counted", async () => {
    const tracking = new TestTracking();

    const response = await tracking.post("/v1/batch", { batch: [] });

    expect([response.status, tracking.refused]).toEqual([200, { empty_batch: 1 }]);
  });

  it("of an empty batch are an error in strict mode", async () => {
    const response = await new TestTracking().post(
      "/v1/batch",
      { batch: [] },
      { "X-Strict-Mode": "1" },
    );

    expect([response.status, await codeOf(response)]).toEqual([400, "empty_batch"]);
  });

  it("of a single event that is too large are 400, as Segment does", async () => {
    const response = await new TestTracking().post(
      "/v1/track",
      track({ properties: { x: "x".repeat(33_000) } }),
    );

    expect([response.status, await response.json()]).toMatchObject([
      400,
      { code: "event_too_large", message: "Exceed payload limit" },
    ]);
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

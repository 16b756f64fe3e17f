import { describe, expect, it } from "vitest";

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
    expect(tracking.refused).toEqual({ write_key_revoked: 1 });
  });

  it("of a source whose keys were all revoked are refused", async () => {
    const tracking = new TestTracking({ source: { keyVersions: [] } });

    expect(await codeOf(await tracking.post("/v1/track", event))).toBe("write_key_revoked");
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
    expect(tracking.refused).toEqual({ source_disabled: 1 });
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

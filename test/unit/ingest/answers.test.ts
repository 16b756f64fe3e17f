import { describe, expect, it } from "vitest";

import type { AppendAnswer } from "../../../src/ingest/append.ts";
import {
  basic,
  codeOf,
  EU_SOURCE,
  TestTracking,
  track,
  writeKeyOf,
} from "../../support/tracking.ts";

const KEY = writeKeyOf(EU_SOURCE);

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

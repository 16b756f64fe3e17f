import { gzipSync } from "node:zlib";

import { describe, expect, it } from "vitest";

import { BODY_BYTES_MAX } from "../../../src/ingest/limits.ts";
import {
  basic,
  codeOf,
  EU_SOURCE,
  TestTracking,
  track,
  writeKeyOf,
} from "../../support/tracking.ts";

const KEY = writeKeyOf(EU_SOURCE);

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

  it("that would write a large context into thousands of events are refused", async () => {
    const batch = Array.from({ length: 2500 }, () => track());
    const body = JSON.stringify({ batch, context: { x: "x".repeat(10_000) } });

    const response = await new TestTracking().post("/v1/batch", body);

    expect([response.status, await codeOf(response)]).toEqual([400, "body_too_large"]);
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

import { describe, expect, it } from "vitest";

import { codeOf, EU_SOURCE, TestTracking, track, writeKeyOf } from "../support/tracking.ts";

const BATCH = { batch: [track()], writeKey: writeKeyOf(EU_SOURCE) };
const BOMB_BYTES = 50_000_000;

/** The gzip of a text or of that many zeros, by workerd's own compressor. */
async function gzip(content: string | number): Promise<ArrayBuffer> {
  const bytes =
    typeof content === "string" ? new TextEncoder().encode(content) : new Uint8Array(content);
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
}

function post(tracking: TestTracking, body: BodyInit, encoding?: string): Promise<Response> {
  return tracking.fetch("/v1/b", {
    method: "POST",
    body,
    headers: encoding === undefined ? {} : { "Content-Encoding": encoding },
  } as never);
}

describe("bodies in workerd", () => {
  it("are read with a length", async () => {
    const tracking = new TestTracking();

    await post(tracking, JSON.stringify(BATCH));

    expect(tracking.events).toHaveLength(1);
  });

  it("are read in chunks", async () => {
    const tracking = new TestTracking();
    const bytes = new TextEncoder().encode(JSON.stringify(BATCH));
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(bytes.slice(0, 10));
        controller.enqueue(bytes.slice(10));
        controller.close();
      },
    });

    await post(tracking, body);

    expect(tracking.events).toHaveLength(1);
  });

  it("are read from gzip", async () => {
    const tracking = new TestTracking();

    await post(tracking, await gzip(JSON.stringify(BATCH)), "gzip");

    expect(tracking.events).toHaveLength(1);
  });

  it("of a gzip bomb are given up at the limit", async () => {
    const response = await post(new TestTracking(), await gzip(BOMB_BYTES), "gzip");

    expect(await codeOf(response)).toBe("body_too_large");
  });

  it.each([
    ["is none", (whole: ArrayBuffer) => new Uint8Array(whole).fill(7)],
    ["is cut off", (whole: ArrayBuffer) => whole.slice(0, -12)],
    ["has something behind it", (whole: ArrayBuffer) => new Blob([whole, "x"])],
  ])("of a gzip that %s are refused", async (_title, damage) => {
    const whole = await gzip(JSON.stringify(BATCH));

    const response = await post(new TestTracking(), damage(whole), "gzip");

    expect([response.status, await codeOf(response)]).toEqual([400, "bad_request"]);
  });

  it("that are not UTF-8 are refused", async () => {
    const response = await post(new TestTracking(), new Uint8Array([0x7b, 0xff, 0x7d]));

    expect([response.status, await codeOf(response)]).toEqual([400, "bad_request"]);
  });
});

import { describe, expect, it } from "vitest";

import { countingResponse } from "../../../src/egress/body-bytes.ts";

const PIECES = ["one ", "two ", "three"].map((text) => new TextEncoder().encode(text));
const TEXT = "one two three";

describe("countingResponse()", () => {
  for (const type of ["bytes", undefined] as const) {
    describe(`of a stream of ${type ?? "anything"}`, () => {
      it("counts what is read", async () => {
        const { counted, total } = counting(streamOf(type));

        expect(await counted.text()).toBe(TEXT);
        expect(total()).toBe(TEXT.length);
      });

      it("hands an error on", async () => {
        const { counted } = counting(streamOf(type, "fails"));

        await expect(counted.text()).rejects.toThrow("broke");
      });
    });
  }

  it("lets a stream of bytes be read into a buffer, and counts what is read", async () => {
    const { counted, total } = counting(streamOf("bytes"));
    const reader = counted.body?.getReader({ mode: "byob" });
    let text = "";

    for (;;) {
      const next = await reader?.read(new Uint8Array(3));
      if (next === undefined || next.done) break;
      text += new TextDecoder().decode(next.value);
    }

    expect(text).toBe(TEXT);
    expect(total()).toBe(TEXT.length);
  });

  it("cancels a stream of bytes", async () => {
    const cancelled: unknown[] = [];
    const { counted } = counting(streamOf("bytes", "ends", cancelled));

    await counted.body?.cancel("enough");

    expect(cancelled).toEqual(["enough"]);
  });

  it("counts a known length at once and leaves the response alone", () => {
    const response = new Response("four", { headers: { "content-length": "4" } });
    let total = 0;

    const counted = countingResponse(response, "GET", (bytes) => (total += bytes));

    expect(counted).toBe(response);
    expect(total).toBe(4);
  });
});

function counting(body: ReadableStream<Uint8Array>) {
  let sum = 0;
  const counted = countingResponse(new Response(body), "GET", (bytes) => (sum += bytes));
  return { counted, total: () => sum };
}

function streamOf(
  type: "bytes" | undefined,
  end: "ends" | "fails" = "ends",
  cancelled: unknown[] = [],
): ReadableStream<Uint8Array> {
  const pieces = PIECES.values();
  const source = {
    pull(controller: {
      enqueue(chunk: Uint8Array<ArrayBuffer>): void;
      close(): void;
      error(reason: unknown): void;
      readonly byobRequest?: ReadableStreamBYOBRequest | null;
    }): void {
      const next = pieces.next();
      if (next.done !== true) return controller.enqueue(next.value.slice());
      if (end === "fails") return controller.error(new Error("broke"));
      controller.close();
      controller.byobRequest?.respond(0);
    },
    cancel: (reason: unknown) => void cancelled.push(reason),
  };
  return type === "bytes"
    ? new ReadableStream({ ...source, type })
    : new ReadableStream<Uint8Array>(source, { highWaterMark: 0 });
}

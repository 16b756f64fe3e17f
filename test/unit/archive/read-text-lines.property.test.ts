import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { LINE_BYTES_MAX, readLines } from "../../../src/archive/read-lines.ts";
import { readTextLines } from "../../../src/archive/read-text-lines.ts";

function streamOf(bytes: Uint8Array, size: number): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.byteLength) return controller.close();
      controller.enqueue(bytes.slice(at, (at += size)));
    },
  });
}

async function all<T>(lines: AsyncGenerator<readonly T[]>): Promise<readonly T[]> {
  const read: T[] = [];
  for await (const some of lines) read.push(...some);
  return read;
}

const texts = fc.array(fc.string({ unit: "binary" }).map((line) => line.replaceAll("\n", "")));

describe("readTextLines()", () => {
  it("gives the lines that readLines() gives, however the bytes are cut", async () => {
    await fc.assert(
      fc.asyncProperty(texts, fc.integer({ min: 1, max: 40 }), async (lines, size) => {
        const bytes = new TextEncoder().encode(`{}${lines.join("\n")}`);
        const asBytes = await all(readLines(streamOf(bytes, size)));

        const asText = await all(readTextLines(streamOf(bytes, size)));

        const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
        expect(asText).toEqual(asBytes.map((line) => decoder.decode(line)));
      }),
    );
  });

  it("does not fill the memory with a file without newlines", async () => {
    const bytes = new Uint8Array(LINE_BYTES_MAX + 100_000).fill(120);

    const read = all(readTextLines(streamOf(bytes, 65_536)));

    await expect(read).rejects.toThrow("line-too-long");
  });
});

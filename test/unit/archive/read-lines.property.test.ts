import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  FileFaultError,
  LINE_BYTES_MAX,
  readBlocks,
  readLines,
} from "../../../src/archive/read-lines.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function streamOf(bytes: Uint8Array, chunkBytes: number): ReadableStream<Uint8Array> {
  let offset = 0;
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      if (offset >= bytes.byteLength) {
        controller.close();
        return;
      }
      controller.enqueue(bytes.slice(offset, offset + chunkBytes));
      offset += chunkBytes;
    },
  });
}

async function linesOf(bytes: Uint8Array, chunkBytes = 65_536): Promise<string[]> {
  const lines: string[] = [];
  for await (const some of readLines(streamOf(bytes, chunkBytes))) {
    for (const line of some) lines.push(decoder.decode(line));
  }
  return lines;
}

function gzip(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(gzipSync(text));
}

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** One to four bytes each, and what other readers of lines may take for the end of one. */
const characters = fc.constantFrom(
  "a",
  '"',
  "\\",
  "é",
  "€",
  "𝄞",
  "\r",
  "\u0000",
  "\u0085",
  "\u2028",
);
const lineTexts = fc.array(fc.string({ unit: characters, minLength: 1 }), { maxLength: 30 });
const chunkSizes = fc.integer({ min: 1, max: 100 });
const asSent = (lines: readonly string[]) => lines.map((line) => `{${line}\n`).join("");
const asRead = (lines: readonly string[]) => lines.map((line) => `{${line}`);

describe("readLines()", () => {
  it("yields every line of a gzip file once, however the bytes arrive", async () => {
    await fc.assert(
      fc.asyncProperty(lineTexts, chunkSizes, async (lines, chunkBytes) => {
        expect(await linesOf(gzip(asSent(lines)), chunkBytes)).toEqual(asRead(lines));
      }),
    );
  });

  it("reads a file that the runtime has decompressed already", async () => {
    await fc.assert(
      fc.asyncProperty(lineTexts, chunkSizes, async (lines, chunkBytes) => {
        expect(await linesOf(encoder.encode(asSent(lines)), chunkBytes)).toEqual(asRead(lines));
      }),
    );
  });

  it("reads several gzip members as one file, also when a line spans two", async () => {
    const bytes = concat(gzip("one\ntw"), gzip("o\n"), gzip(""), gzip("three\n"));

    expect(await linesOf(bytes, 7)).toEqual(["one", "two", "three"]);
  });

  it("yields a last line that no newline ends, and no empty lines", async () => {
    expect(await linesOf(gzip("\none\n\ntwo"))).toEqual(["one", "two"]);
  });

  it("yields nothing of an empty object", async () => {
    expect(await linesOf(new Uint8Array())).toEqual([]);
  });

  it("takes a line of exactly the limit", async () => {
    const line = "x".repeat(LINE_BYTES_MAX);

    expect(await linesOf(encoder.encode(`${line}\n`))).toEqual([line]);
  });

  it.each([
    ["line-too-long", encoder.encode("x".repeat(LINE_BYTES_MAX + 1))],
    ["not-gzip", concat(gzip("x".repeat(5000)).subarray(0, 20), new Uint8Array(9))],
    ["not-gzip", gzip("one\ntwo\n").subarray(0, -9)],
    ["not-gzip", Uint8Array.of(0x1f, 0x8b)],
  ])("ends with %s", async (fault, bytes) => {
    const reading = linesOf(bytes, 16_384);

    await expect(reading).rejects.toMatchObject({ fault });
  });

  it("ends with interrupted when the stream breaks, without its message", async () => {
    const broken = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.error(new Error("someone@example.com")),
    });
    const error = await readLines(broken)
      .next()
      .catch((thrown: unknown) => thrown);

    expect(String(error)).toBe(String(new FileFaultError("interrupted")));
  });

  it("cancels the stream when the reader has seen enough", async () => {
    let cancelled = false;
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(encoder.encode("line\n")),
      cancel: () => {
        cancelled = true;
      },
    });
    for await (const lines of readLines(endless)) if (lines.length > 0) break;

    expect(cancelled).toBe(true);
  });
});

describe("readBlocks()", () => {
  it("expands a file that is a thousand times its size in blocks of bounded size", async () => {
    const bomb = gzip("x".repeat(32 * 1024 * 1024));
    let largest = 0;
    for await (const block of readBlocks(streamOf(bomb, 65_536))) {
      largest = Math.max(largest, block.byteLength);
    }

    expect(largest).toBeLessThan(1024 * 1024);
  });
});

import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { deflatePiece, inflatePiece } from "../../../src/archive/deflate.ts";
import { FileBuilder } from "../../../src/archive/file-builder.ts";

/** Lines, and whether they were compressed when they were committed. */
const part = fc.record({
  lines: fc.uint8Array({ minLength: 1, maxLength: 400 }),
  repeat: fc.integer({ min: 1, max: 2_000 }),
  isPiece: fc.boolean(),
});

function build(parts: readonly { readonly lines: Uint8Array; readonly isPiece: boolean }[]) {
  const builder = new FileBuilder();
  for (const { lines, isPiece } of parts) {
    builder.add(lines, isPiece ? deflatePiece(lines) : undefined);
  }
  return builder.finish();
}

const parts = fc.array(part, { maxLength: 12 }).map((list) =>
  list.map(({ lines, repeat, isPiece }) => ({
    lines: new Uint8Array(Buffer.concat(Array<Uint8Array>(repeat).fill(lines))),
    isPiece,
  })),
);

describe("FileBuilder", () => {
  it("makes one gzip member of any mixture of lines and pieces", () => {
    fc.assert(
      fc.property(parts, (list) => {
        const { gzip, rawBytes } = build(list);

        const wanted = Buffer.concat(list.map(({ lines }) => lines));
        expect(gunzipSync(gzip).equals(wanted)).toBe(true);
        expect(rawBytes).toBe(wanted.length);
      }),
      { numRuns: 60 },
    );
  });

  it("is read by a reader that takes a single member only", async () => {
    const lines = new TextEncoder().encode('{"a":1}\n'.repeat(5_000));
    const { gzip } = build([
      { lines, isPiece: true },
      { lines, isPiece: false },
      { lines, isPiece: true },
    ]);

    const stream = new Blob([gzip as Uint8Array<ArrayBuffer>]).stream();
    const read = await new Response(stream.pipeThrough(new DecompressionStream("gzip"))).bytes();

    expect(read.length).toBe(3 * lines.length);
  });

  it("names the SHA-256 of the NDJSON, however it was compressed", () => {
    const lines = new TextEncoder().encode('{"a":1}\n'.repeat(100));

    const hashes = [true, false].map((isPiece) => build([{ lines, isPiece }]).ndjsonSha256);

    const wanted = createHash("sha256").update(lines).digest("hex");
    expect(hashes).toEqual([wanted, wanted]);
  });
});

describe("deflatePiece()", () => {
  it("is undone by inflatePiece()", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5_000 }), (bytes) => {
        expect(Buffer.from(inflatePiece(deflatePiece(bytes))).equals(bytes)).toBe(true);
      }),
    );
  });
});

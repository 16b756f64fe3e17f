import { constants, deflateRawSync } from "node:zlib";

import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { NotInPiecesError, PieceCutter } from "../../../src/archive/cut-pieces.ts";
import { HEADER, type Piece } from "../../../src/archive/gzip-parts.ts";
import { fileOf, pieceOf } from "../../support/pieces.ts";

/** What ends a piece, inside a line. */
const FALSE_END = Buffer.from([0, 0, 0xff, 0xff]);
const NEWLINE = Buffer.from("\n");

/** Cuts what follows a file's header, read in chunks of that size. */
function cut(file: Uint8Array, chunkBytes = 1000): readonly Piece[] {
  const pieces: Piece[] = [];
  const cutter = new PieceCutter(({ gzip, raw }) => {
    pieces.push({ gzip: Buffer.from(gzip), raw: Buffer.from(raw) });
  });
  for (let at = HEADER.byteLength; at < file.byteLength; at += chunkBytes) {
    cutter.add(file.subarray(at, at + chunkBytes));
  }
  cutter.finish();
  return pieces;
}

function inPieces(lines: readonly Buffer[], level = 2): readonly Piece[] {
  return lines.map((line) => {
    const raw = Buffer.concat([line, NEWLINE]);
    return { gzip: pieceOf(raw, level), raw };
  });
}

/** A part of a line: any bytes, or those that end a piece. */
const part = fc.oneof(fc.uint8Array({ maxLength: 30 }), fc.constant(FALSE_END));
const lines = fc.array(
  fc.array(part, { maxLength: 6 }).map((parts) => Buffer.concat(parts)),
  { maxLength: 10 },
);

describe("PieceCutter", () => {
  it("finds the pieces that a file was made of, whatever they hold and however it is read", () => {
    fc.assert(
      fc.property(
        lines,
        fc.constantFrom(0, 2),
        fc.integer({ min: 1, max: 200 }),
        (drawn, level, chunkBytes) => {
          const pieces = inPieces(drawn, level);

          const found = cut(fileOf(pieces), chunkBytes);

          expect(found).toEqual(pieces.map(({ gzip, raw }) => ({ gzip, raw })));
        },
      ),
    );
  });

  it("takes no end inside a stored block for the end of a piece", () => {
    const pieces = inPieces([Buffer.concat([FALSE_END, Buffer.from("x"), FALSE_END])], 0);

    expect(cut(fileOf(pieces))).toHaveLength(1);
  });

  it("reads pieces as large as a queue stores them", () => {
    const line = Buffer.from(crypto.getRandomValues(new Uint8Array(60_000)));
    const pieces = inPieces([Buffer.concat(Array.from({ length: 20 }, () => line))]);

    expect(cut(fileOf(pieces), 131_072)[0]?.raw.byteLength).toBe(1_200_001);
  });

  it.each([
    [
      "a piece that refers to the one before it",
      (): Buffer => {
        const text = Buffer.from(`${"the same words again ".repeat(50)}\n`);
        const whole = deflateRawSync(text, {
          finishFlush: constants.Z_SYNC_FLUSH,
          dictionary: text,
        });
        return fileOf([...inPieces([text]), { gzip: whole, raw: text }]);
      },
    ],
    [
      "a line that goes on in the next piece",
      (): Buffer =>
        fileOf(
          ["one", "two\n"].map((text) => {
            const raw = Buffer.from(text);
            return { gzip: pieceOf(raw, 2), raw };
          }),
        ),
    ],
    [
      "another checksum",
      (): Buffer => {
        const file = fileOf(inPieces([Buffer.from("line")]));
        file.writeUInt8(file.readUInt8(file.length - 8) ^ 1, file.length - 8);
        return file;
      },
    ],
    ["an end too early", (): Buffer => fileOf(inPieces([Buffer.from("line")])).subarray(0, -1)],
    [
      "a second file behind it",
      (): Buffer => {
        const file = fileOf(inPieces([Buffer.from("line")]));
        return Buffer.concat([file, file]);
      },
    ],
    ["no piece at all", (): Buffer => Buffer.alloc(3_000_000, 7)],
    [
      "a piece that holds too much",
      (): Buffer => fileOf(inPieces([Buffer.alloc(2 * 1024 * 1024)])),
    ],
    [
      "ends that are none, again and again",
      (): Buffer => Buffer.concat([HEADER, ...Array.from({ length: 100 }, () => FALSE_END)]),
    ],
  ])("refuses %s", (_, make) => {
    expect(() => cut(make(), 131_072)).toThrow(NotInPiecesError);
  });
});

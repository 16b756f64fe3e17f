import { constants, crc32, deflateRawSync } from "node:zlib";

import { HEADER, LAST_BLOCK, trailerOf, type Piece } from "../../src/archive/gzip-parts.ts";

/** A piece of a file as another writer, or another version of zlib, may have made it. */
export function pieceOf(raw: Uint8Array, level: number): Uint8Array {
  return deflateRawSync(raw, { level, finishFlush: constants.Z_SYNC_FLUSH });
}

/** The file that pieces make. */
export function fileOf(pieces: readonly Piece[]): Buffer {
  const raw = Buffer.concat(pieces.map((piece) => piece.raw));
  const gzip = pieces.map((piece) => piece.gzip);
  return Buffer.concat([HEADER, ...gzip, LAST_BLOCK, trailerOf(crc32(raw), raw.byteLength)]);
}

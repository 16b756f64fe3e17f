/** RFC 1952: deflate, no name, no time, unknown system, so that the same pieces make the same file. */
export const HEADER: Uint8Array = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255);

/** An empty last block, which ends the stream that the pieces began. */
export const LAST_BLOCK: Uint8Array = Uint8Array.of(3, 0);

const TRAILER_BYTES = 8;

/** Bytes behind the last piece. */
export const END_BYTES: number = LAST_BLOCK.byteLength + TRAILER_BYTES;

/** A part of a file that can be read, and written, without what stands around it. */
export type Piece = {
  readonly gzip: Uint8Array;
  readonly raw: Uint8Array;
};

/** What a gzip member ends with, of all that it holds. */
export function trailerOf(crc: number, rawBytes: number): Uint8Array {
  const trailer = new DataView(new ArrayBuffer(TRAILER_BYTES));
  trailer.setUint32(0, crc >>> 0, true);
  trailer.setUint32(4, rawBytes >>> 0, true);
  return new Uint8Array(trailer.buffer);
}

/** Whether a file begins as those do that are made of pieces. */
export function isInPieces(head: Uint8Array): boolean {
  return head.byteLength >= HEADER.byteLength && HEADER.every((byte, i) => head[i] === byte);
}

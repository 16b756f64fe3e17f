import { deflatePiece, inflatePiece } from "../../archive/deflate.ts";

/** A chunk as it is read back for the archive. */
export type StoredChunk = {
  readonly seq: number;
  readonly events: number;
  readonly committedAtMs: number;
  readonly receivedMinMs: number;
  readonly receivedMaxMs: number;
  readonly users: Uint8Array;
  readonly lines: Uint8Array;
  /** The same lines as a compressed piece of an archive file, where they are stored as one. */
  readonly piece: Uint8Array | undefined;
};

/**
 * Lines are compressed from this size on: what is written, synced and read back is a sixth then, and
 * the piece goes into the archive file as it is. Starting the compressor for less would cost more.
 */
const COMPRESS_BYTES_MIN = 16 * 1024;

/** Lines as a row holds them, and what its column `compressed` says. */
export function storedLines(lines: Uint8Array): {
  readonly compressed: 0 | 1;
  readonly stored: Uint8Array;
} {
  if (lines.byteLength < COMPRESS_BYTES_MIN) return { compressed: 0, stored: lines };
  return { compressed: 1, stored: deflatePiece(lines) };
}

/** A row of the log as a chunk, with its lines as they were. */
export function readChunk(row: Record<string, unknown>): StoredChunk {
  const stored = readColumn(row["lines"]);
  const isCompressed = row["compressed"] === 1;
  return {
    seq: Number(row["seq"]),
    events: Number(row["events"]),
    committedAtMs: Number(row["committed_at_ms"]),
    receivedMinMs: Number(row["received_min_ms"]),
    receivedMaxMs: Number(row["received_max_ms"]),
    users: readColumn(row["users"]),
    lines: isCompressed ? inflatePiece(stored) : stored,
    piece: isCompressed ? stored : undefined,
  };
}

/** Bytes as SQLite takes them: a view of part of a buffer is copied out of it. */
export function toColumn(bytes: Uint8Array): ArrayBuffer {
  const { buffer, byteOffset, byteLength } = bytes;
  if (buffer instanceof ArrayBuffer && byteLength === buffer.byteLength) return buffer;
  const copy = new ArrayBuffer(byteLength);
  new Uint8Array(copy).set(new Uint8Array(buffer, byteOffset, byteLength));
  return copy;
}

/** A blob as bytes: workerd hands over an ArrayBuffer, Node's SQLite a Uint8Array. */
export function readColumn(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  throw new TypeError("Cannot read a chunk: a column is not a blob");
}

import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";

import { deflatePiece } from "./deflate.ts";

/** RFC 1952: deflate, no name, no time, unknown system, so that the same pieces make the same file. */
const HEADER = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255);

/** An empty last block, which ends the stream that the pieces began. */
const LAST_BLOCK = Uint8Array.of(3, 0);

const TRAILER_BYTES = 8;

/** Bytes that are compressed together: each piece costs some of its own. */
const PIECE_BYTES = 256 * 1024;

/** From here on bytes are compressed where they stand, if nothing waits in front of them. */
const COPIED_BYTES_MAX = 96 * 1024;

/** What a gzip that went out piece by piece consists of. */
export type GzipFacts = {
  readonly gzipBytes: number;
  readonly gzipSha256: string;
  readonly rawBytes: number;
  /** Of the bytes that went in, hex. */
  readonly rawSha256: string;
};

/** Compresses bytes to one gzip member and hands it out as it comes to be. */
export class GzipStream {
  readonly #out: (bytes: Uint8Array) => void;
  readonly #rawHash = createHash("sha256");
  readonly #gzipHash = createHash("sha256");
  readonly #held = new Uint8Array(PIECE_BYTES);
  #heldBytes = 0;
  #rawBytes = 0;
  #gzipBytes = 0;
  #crc = 0;

  /** @param out May keep what it is handed, and change none of it. */
  constructor(out: (bytes: Uint8Array) => void) {
    this.#out = out;
    this.#put(HEADER);
  }

  /** Takes bytes, which the caller may change afterwards. */
  add(bytes: Uint8Array): void {
    if (this.#heldBytes === 0 && bytes.byteLength > COPIED_BYTES_MAX) {
      this.#compress(bytes);
      return;
    }
    for (let from = 0; from < bytes.byteLength;) {
      const part = bytes.subarray(from, from + PIECE_BYTES - this.#heldBytes);
      this.#held.set(part, this.#heldBytes);
      this.#heldBytes += part.byteLength;
      from += part.byteLength;
      if (this.#heldBytes === PIECE_BYTES) this.#flush();
    }
  }

  finish(): GzipFacts {
    this.#flush();
    const trailer = new Uint8Array(TRAILER_BYTES);
    const view = new DataView(trailer.buffer);
    view.setUint32(0, this.#crc >>> 0, true);
    view.setUint32(4, this.#rawBytes >>> 0, true);
    this.#put(LAST_BLOCK);
    this.#put(trailer);
    return {
      gzipBytes: this.#gzipBytes,
      gzipSha256: this.#gzipHash.digest("hex"),
      rawBytes: this.#rawBytes,
      rawSha256: this.#rawHash.digest("hex"),
    };
  }

  #flush(): void {
    if (this.#heldBytes === 0) return;
    this.#compress(this.#held.subarray(0, this.#heldBytes));
    this.#heldBytes = 0;
  }

  #compress(bytes: Uint8Array): void {
    this.#rawHash.update(bytes);
    this.#crc = crc32(bytes, this.#crc);
    this.#rawBytes += bytes.byteLength;
    this.#put(deflatePiece(bytes));
  }

  #put(bytes: Uint8Array): void {
    this.#gzipHash.update(bytes);
    this.#gzipBytes += bytes.byteLength;
    this.#out(bytes);
  }
}

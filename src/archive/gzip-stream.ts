import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";

import { freeWhole } from "../core/free-bytes.ts";
import { deflatePiece } from "./deflate.ts";
import { HEADER, LAST_BLOCK, trailerOf, type Piece } from "./gzip-parts.ts";

/** Bytes that are compressed together at most, if they do not come together: each piece costs some of its own. */
const PIECE_BYTES = 384 * 1024;

/** What a gzip that went out piece by piece consists of. */
export type GzipFacts = {
  readonly gzipBytes: number;
  readonly gzipSha256: string;
  readonly rawBytes: number;
  /** Of the bytes that went in, hex. */
  readonly rawSha256: string;
};

/**
 * Compresses bytes to one gzip member and hands it out as it comes to be, in pieces each of which
 * stands for itself. What is added together is in one piece.
 */
export class GzipStream {
  readonly #out: (bytes: Uint8Array) => void;
  readonly #rawHash = createHash("sha256");
  readonly #gzipHash = createHash("sha256");
  readonly #held = new Uint8Array(PIECE_BYTES);
  #heldBytes = 0;
  #rawBytes = 0;
  #gzipBytes = 0;
  #crc = 0;

  /** @param out What it is handed is valid until it returns; it changes none of it. */
  constructor(out: (bytes: Uint8Array) => void) {
    this.#out = out;
    this.#put(HEADER);
  }

  /** Takes bytes, which the caller may change afterwards. */
  add(bytes: Uint8Array): void {
    if (this.#heldBytes + bytes.byteLength > PIECE_BYTES) this.#flush();
    if (bytes.byteLength > PIECE_BYTES) {
      this.#compress(bytes);
      return;
    }
    this.#held.set(bytes, this.#heldBytes);
    this.#heldBytes += bytes.byteLength;
  }

  /** Takes a piece of another file as it is. */
  addPiece({ raw, gzip }: Piece): void {
    this.#flush();
    this.#count(raw);
    this.#put(gzip);
  }

  finish(): GzipFacts {
    this.#flush();
    this.#put(LAST_BLOCK);
    this.#put(trailerOf(this.#crc, this.#rawBytes));
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
    this.#count(bytes);
    const piece = deflatePiece(bytes);
    this.#put(piece);
    freeWhole(piece);
  }

  #count(raw: Uint8Array): void {
    this.#rawHash.update(raw);
    this.#crc = crc32(raw, this.#crc);
    this.#rawBytes += raw.byteLength;
  }

  #put(bytes: Uint8Array): void {
    this.#gzipHash.update(bytes);
    this.#gzipBytes += bytes.byteLength;
    this.#out(bytes);
  }
}

import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";

import { concatBytes } from "../core/bytes.ts";
import { freeWhole } from "../core/free-bytes.ts";
import { deflatePiece } from "./deflate.ts";
import { HEADER, LAST_BLOCK, trailerOf } from "./gzip-parts.ts";

/** What a finished file consists of. */
export type BuiltFile = {
  readonly gzip: Uint8Array;
  readonly rawBytes: number;
  readonly ndjsonSha256: string;
};

/** Small lines are compressed together from this many bytes on: each piece costs some of its own. */
const PIECE_BYTES = 256 * 1024;

/**
 * Builds one archive file, a single gzip member, from lines and from pieces that were compressed when
 * they were committed. Only compressed bytes are held; the caller stops at its own bound by watching
 * {@link gzipBytes}.
 */
export class FileBuilder {
  readonly #hash = createHash("sha256");
  readonly #pieces: Uint8Array[] = [];
  #small: Uint8Array[] = [];
  #smallBytes = 0;
  #gzipBytes = HEADER.byteLength;
  #rawBytes = 0;
  #crc = 0;

  get rawBytes(): number {
    return this.#rawBytes;
  }

  /** Compressed bytes so far; small lines that wait to be compressed together are not counted. */
  get gzipBytes(): number {
    return this.#gzipBytes;
  }

  /**
   * Adds whole lines, with the piece that they were compressed to before, if they were; the builder
   * takes the piece over, and frees it when it finishes.
   */
  add(lines: Uint8Array, piece?: Uint8Array): void {
    this.#hash.update(lines);
    this.#crc = crc32(lines, this.#crc);
    this.#rawBytes += lines.byteLength;
    if (piece !== undefined) {
      this.#flushSmall();
      this.#push(piece);
      return;
    }
    this.#small.push(lines);
    this.#smallBytes += lines.byteLength;
    if (this.#smallBytes >= PIECE_BYTES) this.#flushSmall();
  }

  finish(): BuiltFile {
    this.#flushSmall();
    const trailer = trailerOf(this.#crc, this.#rawBytes);
    const gzip = concatBytes([HEADER, ...this.#pieces, LAST_BLOCK, trailer]);
    freeWhole(...this.#pieces.splice(0));
    return { gzip, rawBytes: this.#rawBytes, ndjsonSha256: this.#hash.digest("hex") };
  }

  #flushSmall(): void {
    if (this.#smallBytes === 0) return;
    this.#push(deflatePiece(concatBytes(this.#small)));
    this.#small = [];
    this.#smallBytes = 0;
  }

  #push(piece: Uint8Array): void {
    this.#pieces.push(piece);
    this.#gzipBytes += piece.byteLength;
  }
}

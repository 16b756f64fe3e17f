import { crc32 } from "node:zlib";

import { freeWhole } from "../core/free-bytes.ts";
import { inflateMarked, lastBlockOf } from "./deflate.ts";
import { END_BYTES, HEADER, LAST_BLOCK, trailerOf, type Piece } from "./gzip-parts.ts";

/** A piece is ended by an empty stored block, which is these bytes. Compressed text may hold them too. */
const PIECE_END = [0, 0, 0xff, 0xff] as const;

/** Of one piece, compressed or not: more than a queue stores in one row. */
const PIECE_BYTES_MAX = 2 * 1024 * 1024;

/** Room at first, which is enough for most files: pieces are of a quarter of a megabyte, compressed. */
const ROOM_FIRST = 512 * 1024;

/** Ends of pieces in a row that were none; a file with more of them is no file of ours. */
const FALSE_ENDS_MAX = 16;

/** Of the mark behind a piece that is tried. */
const MARK_BYTES = 8;

const NEWLINE = 10;

/** The file is not made of pieces, or damaged: it has to be read as any gzip. */
export class NotInPiecesError extends Error {}

/**
 * Cuts a file into the pieces that it was put together from. Each of them is shown to hold whole
 * blocks that refer to nothing before them, and whole lines, so that any of them may be left out,
 * replaced or kept; and all of them together to be what the file's own checksum says.
 */
export class PieceCutter {
  readonly #visit: (piece: Piece) => void;
  readonly #mark = crypto.getRandomValues(new Uint8Array(MARK_BYTES));
  readonly #markBlock = lastBlockOf(this.#mark);
  #room = new Uint8Array(ROOM_FIRST);
  /** Bytes that belong to no piece yet, and where to go on looking for the end of one. */
  #from = 0;
  #end = 0;
  #lookFrom = 0;
  #falseEnds = 0;
  #crc = 0;
  #rawBytes = 0;
  #isLineOpen = false;

  /** @param visit A piece is valid until it returns. */
  constructor(visit: (piece: Piece) => void) {
    this.#visit = visit;
  }

  /** Takes what follows the file's header. @throws NotInPiecesError */
  add(chunk: Uint8Array): void {
    this.#makeRoom(chunk.byteLength);
    this.#room.set(chunk, this.#end);
    this.#end += chunk.byteLength;
    for (;;) {
      const end = this.#pieceEnd();
      if (end === undefined) break;
      this.#lookFrom = end;
      if (!this.#take(end)) this.#falseEnds += 1;
      if (this.#falseEnds > FALSE_ENDS_MAX) throw new NotInPiecesError("Too many ends in a piece");
    }
    if (this.#end - this.#from > PIECE_BYTES_MAX) throw new NotInPiecesError("A piece is too long");
  }

  /** To be called when nothing follows. @throws NotInPiecesError */
  finish(): void {
    const rest = this.#room.subarray(this.#from, this.#end);
    const trailer = trailerOf(this.#crc, this.#rawBytes);
    const wanted = [...LAST_BLOCK, ...trailer];
    const isWhole = rest.byteLength === END_BYTES && wanted.every((byte, i) => rest[i] === byte);
    if (!isWhole) throw new NotInPiecesError("The pieces are not what the checksum says");
  }

  /** Keeps what is behind the last piece, with room for as much more and for an end to be tried. */
  #makeRoom(bytes: number): void {
    const held = this.#end - this.#from;
    const wanted = held + bytes + this.#markBlock.byteLength;
    if (this.#from + wanted <= this.#room.byteLength) return;
    const room = wanted <= this.#room.byteLength ? this.#room : new Uint8Array(2 * wanted);
    room.set(this.#room.subarray(this.#from, this.#end));
    this.#room = room;
    this.#lookFrom -= this.#from;
    this.#from = 0;
    this.#end = held;
  }

  /** Where a piece may end; `undefined` when that is not there yet. */
  #pieceEnd(): number | undefined {
    const bytes = this.#room.subarray(0, this.#end);
    // From the third byte of the end on: what stands before it is nearly always not zero.
    const first = Math.max(this.#lookFrom, this.#from) + 2;
    for (let at = bytes.indexOf(0xff, first); at >= 0;) {
      const isEnd = bytes[at + 1] === PIECE_END[3] && bytes[at - 1] === 0 && bytes[at - 2] === 0;
      if (isEnd) return at + 2;
      at = bytes.indexOf(0xff, at + 1);
    }
    this.#lookFrom = Math.max(this.#lookFrom, this.#end - PIECE_END.length + 1);
    return undefined;
  }

  /** Takes the piece that ends there; false when none does. */
  #take(end: number): boolean {
    const bytes = this.#room;
    const tried = end + this.#markBlock.byteLength;
    const covered = bytes.slice(end, tried);
    bytes.set(this.#markBlock, end);
    const marked = inflateMarked(bytes.subarray(this.#from, tried), this.#mark, PIECE_BYTES_MAX);
    bytes.set(covered, end);
    if (marked === undefined) return false;
    const raw = marked.subarray(0, marked.byteLength - MARK_BYTES);
    // A line that goes on in the next piece would have to be cut out of both.
    if (this.#isLineOpen && raw.byteLength > 0) throw new NotInPiecesError("A line is cut");
    if (raw.byteLength > 0) this.#isLineOpen = raw.at(-1) !== NEWLINE;
    this.#crc = crc32(raw, this.#crc);
    this.#rawBytes += raw.byteLength;
    const gzip = bytes.subarray(this.#from, end);
    this.#from = end;
    this.#falseEnds = 0;
    this.#visit({ gzip, raw });
    freeWhole(marked);
    return true;
  }
}

/** What of a file's first bytes follows its header. */
export function afterHeader(head: Uint8Array): Uint8Array {
  return head.subarray(HEADER.byteLength);
}

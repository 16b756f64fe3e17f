import { createGunzip } from "node:zlib";

import { concatBytes } from "../core/bytes.ts";
import { FileFaultError, fromHead, readChunks, readHead, type Chunks } from "./read-chunks.ts";

export { FileFaultError, type FileFault } from "./read-chunks.ts";

/**
 * Of one line. An event is at most 32 KB when it comes in; foreign files, and what a server adds,
 * may be larger, but a file without newlines must not fill the memory.
 */
export const LINE_BYTES_MAX = 1024 * 1024;

/** Compressed bytes taken at once: zlib expands them up to a thousandfold before it pauses. */
const PIECE_BYTES = 8192;
const NEWLINE = 10;
const GZIP_MAGIC: readonly number[] = [0x1f, 0x8b];

/**
 * The NDJSON of an object as the bucket handed it over, block by block. The runtime has already
 * decompressed an object with `Content-Encoding: gzip`; one without is recognised by its first
 * bytes, which no JSON begins with. Several gzip members in a row are read as one file.
 *
 * @param isReused Hands every block out in the same memory: it is valid until the next is asked for.
 * @throws FileFaultError
 */
export async function* readBlocks(
  body: ReadableStream<Uint8Array>,
  { isReused = false } = {},
): AsyncGenerator<Uint8Array> {
  const chunks = readChunks(body, isReused);
  try {
    yield* blocksOf(await readHead(chunks, GZIP_MAGIC.length), chunks);
  } finally {
    await chunks.return(undefined);
  }
}

/** As {@link readBlocks}, of an object that was begun to be read. @throws FileFaultError */
export function blocksOf(head: Uint8Array, chunks: Chunks): AsyncGenerator<Uint8Array> {
  const isGzip = GZIP_MAGIC.every((byte, i) => head[i] === byte);
  return isGzip ? gunzip(head, chunks) : fromHead(head, chunks);
}

/** The lines of one block after another, each without its newline; empty lines are left out. */
export class LineSplitter {
  #rest: Uint8Array[] = [];
  #restBytes = 0;

  /** The lines that `block` completes. @throws FileFaultError */
  add(block: Uint8Array): readonly Uint8Array[] {
    const lines: Uint8Array[] = [];
    let from = 0;
    for (let at = block.indexOf(NEWLINE); at >= 0; at = block.indexOf(NEWLINE, from)) {
      this.#keep(block.subarray(from, at));
      this.#take(lines);
      from = at + 1;
    }
    this.#keep(block.subarray(from));
    return lines;
  }

  /** The last line, when no newline ends it. */
  finish(): readonly Uint8Array[] {
    const lines: Uint8Array[] = [];
    this.#take(lines);
    return lines;
  }

  #keep(part: Uint8Array): void {
    if (part.byteLength === 0) return;
    this.#restBytes += part.byteLength;
    if (this.#restBytes > LINE_BYTES_MAX) throw new FileFaultError("line-too-long");
    this.#rest.push(part);
  }

  #take(lines: Uint8Array[]): void {
    const [only, ...more] = this.#rest;
    if (only !== undefined) lines.push(more.length === 0 ? only : concatBytes(this.#rest));
    this.#rest = [];
    this.#restBytes = 0;
  }
}

/**
 * Lines of an object, as many at a time as a block completes; nothing but a block and the line in
 * hand is in memory.
 *
 * @throws FileFaultError
 */
export async function* readLines(
  body: ReadableStream<Uint8Array>,
): AsyncGenerator<readonly Uint8Array[]> {
  const splitter = new LineSplitter();
  for await (const block of readBlocks(body)) {
    const lines = splitter.add(block);
    if (lines.length > 0) yield lines;
  }
  const last = splitter.finish();
  if (last.length > 0) yield last;
}

async function* gunzip(head: Uint8Array, chunks: Chunks): AsyncGenerator<Uint8Array> {
  const stream = createGunzip();
  const ready: Uint8Array[] = [];
  let broken = false;
  let fail: () => void = () => undefined;
  stream.on("data", (part) => ready.push(part));
  stream.on("error", () => {
    broken = true;
    fail();
  });
  const settled = (begin: (resolve: () => void) => void): Promise<void> =>
    new Promise((resolve, reject) => {
      fail = () => reject(new FileFaultError("not-gzip"));
      if (broken) fail();
      else begin(resolve);
    });
  try {
    for await (const chunk of fromHead(head, chunks)) {
      for (let from = 0; from < chunk.byteLength; from += PIECE_BYTES) {
        const piece = chunk.subarray(from, from + PIECE_BYTES);
        await settled((resolve) => stream.write(piece, (error) => (error ? fail() : resolve())));
        yield* ready.splice(0);
      }
    }
    await settled((resolve) => {
      stream.on("end", resolve);
      stream.end();
    });
    yield* ready.splice(0);
  } finally {
    stream.destroy();
  }
}

import { createGunzip } from "node:zlib";

import { byobReader } from "../core/byob-reader.ts";

/** Why a file could not be read to its end. */
export type FileFault =
  /** The bytes stopped: the connection, or a file that was cut or damaged. */
  | "interrupted"
  /** It begins as gzip and is none, or a damaged one. */
  | "not-gzip"
  | "line-too-long";

/** Ends a reading. The message names the fault only: a line of the file must not get into a log. */
export class FileFaultError extends Error {
  readonly fault: FileFault;

  constructor(fault: FileFault) {
    super(`Cannot read an archive file: ${fault}`);
    this.fault = fault;
  }
}

/**
 * Of one line. An event is at most 32 KB when it comes in; foreign files, and what a server adds,
 * may be larger, but a file without newlines must not fill the memory.
 */
export const LINE_BYTES_MAX = 1024 * 1024;

/** Compressed bytes taken at once: zlib expands them up to a thousandfold before it pauses. */
const PIECE_BYTES = 8192;
/** Read at once. */
const CHUNK_BYTES = 128 * 1024;
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
    const head = await readHead(chunks);
    if (head === undefined) return;
    const isGzip = GZIP_MAGIC.every((byte, i) => head[i] === byte);
    yield* isGzip ? gunzip(head, chunks) : concat(head, chunks);
  } finally {
    await chunks.return(undefined);
  }
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
    if (only !== undefined) lines.push(more.length === 0 ? only : join(this.#rest));
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

async function* readChunks(
  body: ReadableStream<Uint8Array>,
  isReused: boolean,
): AsyncGenerator<Uint8Array, undefined> {
  const read = reading(body, isReused);
  let isDone = false;
  try {
    for (;;) {
      const chunk = await read.next();
      if (chunk === undefined) break;
      if (chunk.byteLength > 0) yield chunk;
    }
    isDone = true;
  } catch {
    throw new FileFaultError("interrupted");
  } finally {
    // The reason why a stream could not be cancelled says nothing about what was read of it.
    if (!isDone) await read.cancel().catch(() => undefined);
  }
  return undefined;
}

type Reading = { next(): Promise<Uint8Array | undefined>; cancel(): Promise<void> };

/**
 * Reads with buffers of our own where the stream can: workerd hands out 4 KB at a time otherwise,
 * which takes eight times as long for a decompressed file (measured).
 */
function reading(body: ReadableStream<Uint8Array>, isReused: boolean): Reading {
  const reader = byobReader(body);
  if (reader === undefined) {
    const plain = body.getReader();
    return {
      next: async () => {
        const next = await plain.read();
        return next.done ? undefined : next.value;
      },
      cancel: () => plain.cancel(),
    };
  }
  let buffer = new ArrayBuffer(CHUNK_BYTES);
  return {
    next: async () => {
      const { done, value } = await reader.read(new Uint8Array(buffer));
      if (done || value === undefined) return undefined;
      buffer = value.buffer;
      return isReused ? value : value.slice();
    },
    cancel: () => reader.cancel(),
  };
}

/** At least two bytes, unless there are fewer: enough to know gzip by. */
async function readHead(chunks: AsyncGenerator<Uint8Array>): Promise<Uint8Array | undefined> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  while (bytes < GZIP_MAGIC.length) {
    const next = await chunks.next();
    if (next.done === true) break;
    // Copied, because the chunk that follows may come in the same memory.
    parts.push(next.value.slice());
    bytes += next.value.byteLength;
  }
  return bytes === 0 ? undefined : join(parts);
}

async function* concat(
  head: Uint8Array,
  chunks: AsyncGenerator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield head;
  yield* chunks;
}

async function* gunzip(
  head: Uint8Array,
  chunks: AsyncGenerator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
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
    for await (const chunk of concat(head, chunks)) {
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

function join(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((bytes, part) => bytes + part.byteLength, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.byteLength;
  }
  return whole;
}

import { byobReader } from "../core/byob-reader.ts";
import { concatBytes } from "../core/bytes.ts";

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

/** Read at once. */
const CHUNK_BYTES = 128 * 1024;

/** The bytes of an object as they come, none of them empty. */
export type Chunks = AsyncGenerator<Uint8Array, undefined>;

/**
 * Reads a stream to its end, and cancels it when it is not wanted any more.
 *
 * @param isReused Hands every chunk out in the same memory: it is valid until the next is asked for.
 * @throws FileFaultError
 */
export async function* readChunks(
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

/** At least that many bytes, unless there are fewer; copied, as the next chunk may take their memory. */
export async function readHead(chunks: Chunks, bytesMin: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  while (bytes < bytesMin) {
    const next = await chunks.next();
    if (next.done === true) break;
    parts.push(next.value.slice());
    bytes += next.value.byteLength;
  }
  return concatBytes(parts);
}

/** What was read of the chunks already, and the rest of them. */
export async function* fromHead(head: Uint8Array, chunks: Chunks): Chunks {
  if (head.byteLength > 0) yield head;
  yield* chunks;
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

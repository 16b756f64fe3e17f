import { FileFaultError, readBlocks } from "../../../archive/read-lines.ts";
import type { Bucket } from "../../../s3/bucket.ts";
import { SourceFailure } from "../source.ts";
import { badFile, bucketFailure } from "./failure.ts";

/** A file as a listing has it. */
export type FileRef = { readonly key: string; readonly size: number };

/** What is told of a file once it begins. */
export type FileOpened = (file: FileRef, etag: string) => void;

/** Characters of one line of NDJSON. */
const LINE_CHARS_MAX = 4_000_000;

/**
 * The text of a file, gzipped or not, piece by piece; `counted` is told of the bytes that the bucket
 * sent for it.
 *
 * @throws SourceFailure.
 */
export async function* readText(
  bucket: Bucket,
  file: FileRef,
  signal: AbortSignal,
  told: { readonly opened: FileOpened; readonly counted: (bytes: number) => void },
): AsyncGenerator<string> {
  const got = await bucket.get(file.key, { signal });
  if (!got.ok) throw bucketFailure(got.error);
  told.opened(file, got.value.etag);
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });
  const body = got.value.body.pipeThrough(counting(told.counted));
  try {
    for await (const block of readBlocks(body)) yield decode(decoder, block);
  } catch (error) {
    throw fileFailure(error, signal);
  }
  yield decode(decoder, undefined);
}

/** The lines of a text that comes in pieces; empty ones are left out. @throws SourceFailure. */
export async function* linesOf(pieces: AsyncIterable<string>): AsyncGenerator<readonly string[]> {
  let left = "";
  for await (const piece of pieces) {
    const lines = (left + piece).split("\n");
    left = lines.pop() ?? "";
    if (left.length > LINE_CHARS_MAX) throw badFile("a line has no end");
    yield lines.filter(isFilled);
  }
  yield [left].filter(isFilled);
}

function isFilled(line: string): boolean {
  return line.trim() !== "";
}

function counting(counted: (bytes: number) => void): TransformStream<Uint8Array, Uint8Array> {
  return new TransformStream({
    transform: (chunk, controller) => {
      counted(chunk.byteLength);
      controller.enqueue(chunk);
    },
  });
}

function decode(decoder: TextDecoder, block: Uint8Array | undefined): string {
  try {
    return block === undefined ? decoder.decode() : decoder.decode(block, { stream: true });
  } catch {
    throw badFile("it is not UTF-8");
  }
}

/** Why a file could not be read to its end. */
export function fileFailure(error: unknown, signal: AbortSignal): SourceFailure {
  if (error instanceof SourceFailure) return error;
  if (signal.aborted) return new SourceFailure("aborted", "The reading was broken off", true);
  if (error instanceof FileFaultError && error.fault !== "interrupted") {
    return badFile(error.fault === "not-gzip" ? "it is not whole gzip" : "a line is too long");
  }
  return new SourceFailure("cut_off", "The bucket broke off", true);
}

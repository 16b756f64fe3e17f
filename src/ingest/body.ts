import { concatBytes } from "../core/bytes.ts";
import { err, ok, type Result } from "../core/result.ts";
import type { Refusal } from "./answers.ts";
import { BODY_BYTES_MAX } from "./limits.ts";

/** Compressed bytes of a body; gzip of what cannot be compressed is a little larger than it. */
const GZIP_BYTES_MAX = BODY_BYTES_MAX + 4096;

/** The answer to more than a request may hold, in Segment's words. */
export const TOO_LARGE: Refusal = { code: "body_too_large", message: "Exceed payload limit" };

const BROKEN: Refusal = {
  code: "bad_request",
  message: "Cannot read the body: it broke off, or is not the gzip it says it is",
};

/**
 * The body of a request, decompressed, and never more than {@link BODY_BYTES_MAX} of it in memory:
 * the length is counted as it comes, whatever the headers say.
 */
export async function readBody(request: Request): Promise<Result<Uint8Array, Refusal>> {
  const encoding = (request.headers.get("Content-Encoding") ?? "").trim().toLowerCase();
  const declared = Number(request.headers.get("Content-Length") ?? Number.NaN);
  if (encoding === "" || encoding === "identity") {
    if (declared > BODY_BYTES_MAX) return err(TOO_LARGE);
    if (Number.isNaN(declared)) return readStream(request.body, BODY_BYTES_MAX);
    return readWhole(request);
  }
  if (encoding !== "gzip" && encoding !== "x-gzip") {
    return err({
      code: "unsupported_content_encoding",
      message: "Cannot read the body: Content-Encoding must be gzip or absent",
    });
  }
  if (declared > GZIP_BYTES_MAX) return err(TOO_LARGE);
  const compressed = await readStream(request.body, GZIP_BYTES_MAX);
  if (!compressed.ok) return compressed;
  // Streams of bodies are never over shared memory, which is all that the type leaves open.
  const whole = new Blob([compressed.value as Uint8Array<ArrayBuffer>]).stream();
  return readStream(whole.pipeThrough(new DecompressionStream("gzip")), BODY_BYTES_MAX);
}

/** A body whose length is declared and small enough; the server saw to it that it is no longer. */
async function readWhole(request: Request): Promise<Result<Uint8Array, Refusal>> {
  try {
    const bytes = new Uint8Array(await request.arrayBuffer());
    return bytes.length > BODY_BYTES_MAX ? err(TOO_LARGE) : ok(bytes);
  } catch {
    return err(BROKEN);
  }
}

async function readStream(
  stream: ReadableStream<Uint8Array> | null,
  bytesMax: number,
): Promise<Result<Uint8Array, Refusal>> {
  if (stream === null) return ok(new Uint8Array());
  const reader = stream.getReader();
  const parts: Uint8Array[] = [];
  let bytes = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return ok(concatBytes(parts));
      bytes += value.byteLength;
      if (bytes > bytesMax) {
        await reader.cancel();
        return err(TOO_LARGE);
      }
      parts.push(value);
    }
  } catch {
    return err(BROKEN);
  }
}

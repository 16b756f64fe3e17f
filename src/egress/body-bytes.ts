import { byobReader } from "../core/byob-reader.ts";

/**
 * Bytes of a request's body, or `undefined` when only sending it will tell. Header lines are not
 * counted, here or anywhere in the evidence.
 */
export function bytesOfBody(body: unknown): number | undefined {
  if (body === undefined || body === null) return 0;
  if (typeof body === "string") return new TextEncoder().encode(body).byteLength;
  if (body instanceof ArrayBuffer || ArrayBuffer.isView(body)) return body.byteLength;
  if (body instanceof URLSearchParams) return bytesOfBody(body.toString());
  if (body instanceof Blob) return body.size;
  return undefined;
}

/**
 * The response, with `count` told of its bytes: at once when its length is known, else as they are
 * read. Known is the length on the wire, which for a compressed answer is not that of its content.
 */
export function countingResponse(
  response: Response,
  method: string,
  count: (bytes: number) => void,
): Response {
  if (response.body === null || method === "HEAD") return response;
  const length = Number(response.headers.get("content-length") ?? NaN);
  if (Number.isSafeInteger(length) && length >= 0) {
    count(length);
    return response;
  }
  const counted = new Response(countingBytes(response.body, count), response);
  return Object.defineProperty(counted, "url", { value: response.url });
}

/** Bytes taken at once for a reader that brings no memory of its own. */
const PIECE_BYTES = 65_536;

/**
 * As {@link countingStream}, but a stream of bytes stays one, which can be read into a buffer: each
 * of the small pieces in which the runtime hands a body out otherwise costs a turn of the engine.
 */
function countingBytes(
  stream: ReadableStream<Uint8Array>,
  count: (bytes: number) => void,
): ReadableStream<Uint8Array> {
  const reader = byobReader(stream);
  if (reader === undefined) return countingStream(stream, count);
  return new ReadableStream({
    type: "bytes",
    autoAllocateChunkSize: PIECE_BYTES,
    async pull(controller: ReadableByteStreamController) {
      const request = controller.byobRequest;
      const asked = request?.view?.byteLength ?? PIECE_BYTES;
      const { done, value } = await reader.read(new Uint8Array(asked));
      if (done || value === undefined) {
        controller.close();
        request?.respond(0);
        return;
      }
      count(value.byteLength);
      controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  });
}

/** The stream, with `count` told of each piece that passes. */
export function countingStream(
  stream: ReadableStream<Uint8Array>,
  count: (bytes: number) => void,
): ReadableStream<Uint8Array> {
  return stream.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(part, controller) {
        count(part.byteLength);
        controller.enqueue(part);
      },
    }),
  );
}

/**
 * A reader that reads into memory of whoever reads; none for a stream that does not hand out bytes by
 * itself. With it the runtime's streams give as much as there is, and 4 KB at a time otherwise.
 */
export function byobReader(
  stream: ReadableStream<Uint8Array>,
): ReadableStreamBYOBReader | undefined {
  try {
    return stream.getReader({ mode: "byob" });
  } catch {
    return undefined;
  }
}

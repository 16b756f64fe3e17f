/** What an object is to hold: bytes, or what hands them out piece by piece. */
export type Content = Uint8Array | PiecedContent;

/** Content that is not in memory as a whole; its length and hash have to be known before. */
export type PiecedContent = {
  readonly bytes: number;
  /** Of all of it, hex. */
  readonly sha256: string;
  read(): Iterable<Uint8Array>;
};

/** Of workerd only, where alone pieced content is sent. */
const workerd = globalThis as unknown as {
  readonly FixedLengthStream: new (bytes: number) => TransformStream<Uint8Array, Uint8Array>;
};

export function bytesOf(content: Content | undefined): number {
  if (content === undefined) return 0;
  return content instanceof Uint8Array ? content.byteLength : content.bytes;
}

/** The body of a request; S3 wants its length, so a stream says it from the start. */
export function bodyOf(content: Content | undefined, signal: AbortSignal): BodyInit | null {
  if (content === undefined) return null;
  if (content instanceof Uint8Array) return content as Uint8Array<ArrayBuffer>;
  const { readable, writable } = new workerd.FixedLengthStream(content.bytes);
  // Whoever sends the request hears of it when the stream breaks; nobody else has to.
  pump(content.read(), writable, signal).catch(() => undefined);
  return readable;
}

async function pump(
  pieces: Iterable<Uint8Array>,
  writable: WritableStream<Uint8Array>,
  signal: AbortSignal,
): Promise<void> {
  const writer = writable.getWriter();
  try {
    for (const piece of pieces) {
      if (signal.aborted) throw new Error("Cannot go on: the request was given up");
      await writer.write(piece);
    }
    await writer.close();
  } catch (error) {
    await writer.abort(error);
    throw error;
  }
}

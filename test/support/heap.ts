/**
 * The heap of the isolate behind an inspector's address, with the bytes of ArrayBuffers; garbage that
 * is not collected yet is included.
 */
export async function heapBytesAt(inspector: string): Promise<number> {
  const heap = await HeapInspector.open(inspector);
  try {
    return await heap.usedBytes();
  } finally {
    heap.close();
  }
}

type Answer = Readonly<Record<string, unknown>>;

/** One connection to workerd's inspector. */
export class HeapInspector {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #asked = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(String(data)) as { id?: number; result?: Answer };
      if (message.id === undefined) return;
      this.#waiting.get(message.id)?.(message.result ?? {});
      this.#waiting.delete(message.id);
    };
  }

  static async open(inspector: string): Promise<HeapInspector> {
    const socket = new WebSocket(inspector);
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onerror = () => reject(new Error("Cannot reach the inspector of workerd"));
    });
    return new HeapInspector(socket);
  }

  /** What is in use, with the garbage that lies there. */
  async usedBytes(): Promise<number> {
    return bytesOf(await this.#ask("Runtime.getHeapUsage"));
  }

  /**
   * What is in use for good. workerd collects no garbage when it is asked to, but V8 does before it
   * takes a snapshot; the snapshot itself is thrown away. The isolate stands still for a second or two.
   */
  async liveBytes(): Promise<number> {
    // Asked together, so that nothing runs in between.
    const [, usage] = await Promise.all([
      this.#ask("HeapProfiler.takeHeapSnapshot"),
      this.#ask("Runtime.getHeapUsage"),
    ]);
    return bytesOf(usage);
  }

  close(): void {
    this.#socket.close();
  }

  #ask(method: string): Promise<Answer> {
    const id = ++this.#asked;
    const { promise, resolve } = Promise.withResolvers<Answer>();
    this.#waiting.set(id, resolve);
    this.#socket.send(JSON.stringify({ id, method }));
    return promise;
  }
}

function bytesOf(usage: Answer): number {
  return Number(usage["usedSize"]) + Number(usage["backingStorageSize"]);
}

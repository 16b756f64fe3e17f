import { setTimeout as pause } from "node:timers/promises";

const POLL_MS = 1_000;
const ANSWER_MS_MAX = 60_000;

/**
 * What the isolate behind an inspector's address really has in use, with the bytes of ArrayBuffers.
 * workerd does not collect garbage on request, but it does before it takes a snapshot of the heap.
 */
export async function liveHeapBytesAt(inspector: string): Promise<number> {
  const socket = new WebSocket(inspector);
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = () => reject(new Error("Cannot reach the inspector of workerd"));
  });
  let last = 0;
  const ask = async (method: string): Promise<Readonly<Record<string, unknown>>> => {
    last += 1;
    const id = last;
    const answered = new Promise<Readonly<Record<string, unknown>>>((resolve) => {
      socket.addEventListener("message", ({ data }) => {
        const message = JSON.parse(String(data)) as { id?: number; result?: object };
        if (message.id === id) resolve({ ...message.result });
      });
    });
    socket.send(JSON.stringify({ id, method }));
    return Promise.race([answered, pause(ANSWER_MS_MAX, {})]);
  };
  await ask("HeapProfiler.enable");
  await ask("HeapProfiler.takeHeapSnapshot");
  const { usedSize, backingStorageSize } = await ask("Runtime.getHeapUsage");
  socket.close();
  return Number(usedSize) + Number(backingStorageSize);
}

/** Looks again and again what is in use, until it is stopped; the most of it. */
export function watchLiveHeap(inspector: string): { stop(): Promise<number> } {
  let most = 0;
  let isOver = false;
  const watching = (async () => {
    while (!isOver) {
      most = Math.max(most, await liveHeapBytesAt(inspector));
      await pause(POLL_MS);
    }
  })();
  return {
    stop: async () => {
      isOver = true;
      await watching;
      return most;
    },
  };
}

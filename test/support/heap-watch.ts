import { setTimeout as pause } from "node:timers/promises";

import { heapBytesAt } from "./heap.ts";

/** What an isolate's heap was while it was watched, in bytes. */
export type HeapSeen = {
  /** Garbage included: V8 lets 64 MB of buffers gather before it collects them. */
  readonly most: number;
  /** The most that was never undercut for a while: what is really in use, and some more. */
  readonly live: number;
};

const POLL_MS = 40;
/** So many looks long; everything that is garbage was collected at least once within them. */
const WHILE = 200;

/** Watches the heap behind an inspector's address until it is stopped. */
export function watchHeap(inspector: string): { stop(): Promise<HeapSeen> } {
  const samples: number[] = [];
  let isOver = false;
  const watching = (async () => {
    while (!isOver) {
      samples.push(await heapBytesAt(inspector));
      await pause(POLL_MS);
    }
  })();
  return {
    stop: async () => {
      isOver = true;
      await watching;
      const most = Math.max(...samples);
      const lows = samples
        .slice(0, Math.max(1, samples.length - WHILE))
        .map((_, i) => Math.min(...samples.slice(i, i + WHILE)));
      return { most, live: Math.max(...lows) };
    },
  };
}

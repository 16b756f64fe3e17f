import { setTimeout as pause } from "node:timers/promises";

import { heapBytesAt } from "./heap.ts";

/** What an isolate's heap was while it was watched, in bytes. */
export type HeapSeen = {
  /** Garbage included. */
  readonly most: number;
  /** The most that was left right after garbage was collected: what is really in use, and some more. */
  readonly live: number;
};

const POLL_MS = 40;
/** A fall by so much is a collection. */
const COLLECTED_BYTES = 4_000_000;

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
      const collected = samples.filter((bytes, i) => {
        const before = samples[i - 1] ?? bytes;
        return before - bytes > COLLECTED_BYTES;
      });
      return { most, live: collected.length === 0 ? most : Math.max(...collected) };
    },
  };
}

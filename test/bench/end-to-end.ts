import { gzipSync } from "node:zlib";
import { BucketWatch } from "./bucket.ts";
import { messageIdOf } from "./bodies.ts";
import { CASES } from "./cases.ts";
import type { LoadGenerator } from "./load.ts";
import { startOurs, type Ours } from "./subjects.ts";

/** From the first POST until the last event is in the bucket, and what gzip alone would take. */
export type EndToEnd = {
  readonly eventsPerSecond: number;
  readonly gzip6EventsPerSecond: number;
  readonly gzip3EventsPerSecond: number;
  readonly files: number;
};

const FILE_POLL_MS = 20;
const DELAY_POLL_MS = 100;

/** Files as they are measured: small and soon, so that the last one is not waited for. */
export const SEAL_OFTEN = { SEAL_MEGABYTES: "16", SEAL_SECONDS: "1" };

const DELAY_REQUESTS_PER_SECOND = 20;
const DELAY_EVENTS = 10;

/** One round; `name` has to be new each time. */
export async function measureEndToEnd(
  ours: Ours,
  load: LoadGenerator,
  name: string,
  seconds: number,
): Promise<EndToEnd> {
  const { events, connections } = CASES["100"];
  const way = await ours.way(name, events);
  const watch = new BucketWatch(ours, way.sourceId, FILE_POLL_MS);
  const { port } = ours.workerd;
  const startMs = Date.now();
  const sent = await load.run({ port, ...way, events, connections, seconds });
  await watch.holds(sent.events);
  const endMs = Math.max(...watch.landed.map((file) => file.atMs));
  const compressMs = { 3: 0, 6: 0 };
  await watch.readEach((ndjson) => {
    for (const level of [3, 6] as const) {
      const fromMs = performance.now();
      gzipSync(ndjson, { level });
      compressMs[level] += performance.now() - fromMs;
    }
  });
  return {
    eventsPerSecond: (sent.events / (endMs - startMs)) * 1000,
    gzip6EventsPerSecond: (sent.events / compressMs[6]) * 1000,
    gzip3EventsPerSecond: (sent.events / compressMs[3]) * 1000,
    files: watch.landed.length,
  };
}

/**
 * Milliseconds from the answer to an event until the object that holds it is in the bucket, of
 * which 99 of 100 events stay below, at production's settings and a modest rate.
 */
export async function measureDelay(
  directory: string,
  load: LoadGenerator,
  seconds: number,
): Promise<number> {
  const ours = await startOurs(directory);
  try {
    const way = await ours.way("delay", DELAY_EVENTS);
    const watch = new BucketWatch(ours, way.sourceId, DELAY_POLL_MS);
    const sent = await load.run({
      port: ours.workerd.port,
      ...way,
      events: DELAY_EVENTS,
      connections: 2,
      seconds,
      requestsPerSecond: DELAY_REQUESTS_PER_SECOND,
      wantsAcks: true,
    });
    await watch.holds(sent.events);
    const ackedAtMs = new Map<string, number>();
    for (const [first, count, atMs] of sent.acks) {
      for (let id = first; id < first + count; id++) ackedAtMs.set(messageIdOf(id), atMs);
    }
    const delays: number[] = [];
    await watch.readEach((ndjson, { atMs }) => {
      for (const line of ndjson.toString("utf8").split("\n")) {
        if (line === "") continue;
        const { messageId } = JSON.parse(line) as { messageId: string };
        delays.push(atMs - (ackedAtMs.get(messageId) ?? Number.NaN));
      }
    });
    delays.sort((a, b) => a - b);
    return delays[Math.floor(delays.length * 0.99)] ?? Number.NaN;
  } finally {
    await ours.stop();
  }
}

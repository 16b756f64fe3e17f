import { fileURLToPath } from "node:url";

import { convertV4MiniflareOptions, Miniflare, Response, type Request } from "miniflare";

import { bundle } from "./subjects.ts";

/**
 * `npx -c 'node test/bench/lanes.ts'`: how fast a lane delivers to a destination that answers at once,
 * beside the same calls in a bare loop, in the same object of the same workerd. Ends with 1 below the
 * bound.
 */
const ENTRY = fileURLToPath(new URL("lanes.worker.ts", import.meta.url));

/** Of the bare loop's rate. */
const RATIO_MIN = 0.5;

const EVENTS = 5_000;
const ROUNDS = 5;

/** One that takes batches, and one that takes single events. */
const DESTINATIONS = [
  { slug: "mixpanel", settings: { projectToken: "t", apiSecret: "s" } },
  { slug: "amplitude", settings: { apiKey: "a", secretKey: "s" } },
] as const;

async function main(): Promise<number> {
  const { script, wasm } = await bundle(ENTRY);
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      host: "127.0.0.1",
      modules: [
        { type: "ESModule", path: "worker.js", contents: script },
        ...Array.from(wasm, ([path, contents]) => ({
          type: "CompiledWasm" as const,
          path,
          contents,
        })),
      ],
      compatibilityDate: "2026-10-01",
      compatibilityFlags: ["nodejs_compat"],
      durableObjects: { LANE: { className: "BenchLane", useSQLite: true } },
      outboundService: async (request: Request) => {
        // A connection whose last request was not read to its end would hold up the next one.
        await request.arrayBuffer();
        return Response.json({ status: "ok" });
      },
    }),
  );
  const perSecond = async (order: Readonly<Record<string, unknown>>): Promise<number> => {
    const began = performance.now();
    const answer = await miniflare.dispatchFetch("http://lane/", {
      method: "POST",
      body: JSON.stringify({ ...order, events: EVENTS }),
    });
    const { delivered } = (await answer.json()) as { delivered: number };
    if (delivered !== EVENTS) throw new Error(`Cannot compare: ${delivered} were delivered`);
    return EVENTS / ((performance.now() - began) / 1000);
  };
  let isWithin = true;
  try {
    for (const destination of DESTINATIONS) {
      const bare: number[] = [];
      const lane: number[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        bare.push(await perSecond({ ...destination, how: "bare" }));
        lane.push(await perSecond({ ...destination, how: "lane" }));
      }
      const [bareRate, laneRate] = [median(bare), median(lane)];
      const ratio = Math.round((laneRate / bareRate) * 100) / 100;
      isWithin &&= ratio >= RATIO_MIN;
      console.log({
        destination: destination.slug,
        bareEventsPerSecond: Math.round(bareRate),
        laneEventsPerSecond: Math.round(laneRate),
        ratio,
      });
    }
  } finally {
    await miniflare.dispose();
  }
  return isWithin ? 0 : 1;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

process.exit(await main());

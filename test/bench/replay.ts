import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

import { convertV4MiniflareOptions, Miniflare } from "miniflare";

import { bundle } from "./subjects.ts";
import { testSettings } from "./test-settings.ts";

/**
 * `npx -c 'node test/bench/replay.ts'`: how fast a replay goes through archive files to a destination
 * that is nothing, beside reading, gunzipping and parsing the same files in the same workerd, in turns;
 * and whether a rate is kept. Ends with 1 outside of the bounds. `REPLAY_FILES` and `REPLAY_ROUNDS` make
 * it shorter.
 */
const ENTRY = fileURLToPath(new URL("replay.worker.ts", import.meta.url));

/** Of the rate of reading, gunzipping and parsing alone. */
const RATIO_MIN = 0.6;
/** By how much a rate may be missed. */
const RATE_ERROR_MAX = 0.05;

const FILES = Number(process.env["REPLAY_FILES"] ?? 8);
const ROUNDS = Number(process.env["REPLAY_ROUNDS"] ?? 5);
/** A minute of 400 events a second. */
const EVENTS_PER_FILE = 24_000;
/** Events a second of the replay whose rate is looked at, and for how long. */
const RATE = 2_000;
const RATE_SECONDS = 20;
const LOOK_MS = 50;
const DAY_MS = Date.UTC(2026, 10, 20);

type Setup = {
  readonly token: string;
  readonly sourceId: string;
  readonly destinationId: string;
  readonly keys: readonly string[];
};

type Status = { readonly state: string; readonly counts: { readonly delivered: number } };

async function main(): Promise<number> {
  const bucket = createServer(answerWith(gzipSync(linesOf(EVENTS_PER_FILE))));
  bucket.listen(0, "127.0.0.1");
  await once(bucket, "listening");
  const miniflare = await start((bucket.address() as AddressInfo).port);
  const order = async <T>(body: object): Promise<T> => {
    const text = JSON.stringify(body);
    const answer = await miniflare.dispatchFetch("http://bench/", { method: "POST", body: text });
    if (!answer.ok) throw new Error(`Cannot measure: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as T;
  };
  try {
    const setup = await order<Setup>({
      how: "setup",
      files: FILES,
      eventsPerFile: EVENTS_PER_FILE,
    });
    const floor: number[] = [];
    const ours: number[] = [];
    for (let round = 0; round <= ROUNDS; round++) {
      const floorRate = await measureFloor(order, setup);
      const oursRate = await measureReplay(order, setup);
      // The first of each warms up.
      if (round === 0) continue;
      floor.push(floorRate);
      ours.push(oursRate);
    }
    const ratios = ours.map((rate, i) => rate / (floor[i] ?? Infinity));
    const kept = await measureRate(order, setup);
    const figures = {
      events: FILES * EVENTS_PER_FILE,
      floorEventsPerSecond: Math.round(median(floor)),
      replayEventsPerSecond: Math.round(median(ours)),
      ratio: Math.round(median(ratios) * 100) / 100,
      rateAsked: RATE,
      rateKept: Math.round(kept),
    };
    console.log(figures);
    const isRateKept = Math.abs(kept / RATE - 1) <= RATE_ERROR_MAX;
    return figures.ratio >= RATIO_MIN && isRateKept ? 0 : 1;
  } finally {
    await miniflare.dispose();
    bucket.close();
  }
}

/**
 * A real server, so that the runtime gunzips as it does in production: a bucket in
 * which the same file stands under every key, and which takes what it is sent. It says a length, as
 * buckets do.
 */
function answerWith(file: Uint8Array): RequestListener {
  return (request, response) => {
    request.resume();
    request.on("end", () => {
      const isRead = request.method === "GET";
      const headers = {
        "content-encoding": "gzip",
        "content-type": "text/plain",
        "content-length": file.byteLength,
      };
      response.writeHead(200, isRead ? headers : {});
      response.end(isRead ? file : undefined);
    });
  };
}

type Ordering = <T>(body: object) => Promise<T>;

async function measureFloor(order: Ordering, { sourceId, keys }: Setup): Promise<number> {
  const began = performance.now();
  const { events } = await order<{ events: number }>({ how: "floor", sourceId, keys });
  return perSecond(events, began);
}

async function measureReplay(order: Ordering, setup: Setup): Promise<number> {
  const began = performance.now();
  const replayId = await beginReplay(order, setup, {});
  for (;;) {
    const { state, counts } = await order<Status>({ how: "status", replayId });
    if (state === "done") return perSecond(counts.delivered, began);
    if (state !== "running") throw new Error(`Cannot measure: the replay is ${state}`);
    await pause(LOOK_MS);
  }
}

/** From the first event that was counted to the last look, so that starting is no part of it. */
async function measureRate(order: Ordering, setup: Setup): Promise<number> {
  const replayId = await beginReplay(order, setup, { rate: RATE });
  const look = async () => {
    const { counts } = await order<Status>({ how: "status", replayId });
    return { events: counts.delivered, atMs: performance.now() };
  };
  let first = await look();
  while (first.events === 0) first = await look();
  await pause(RATE_SECONDS * 1000);
  const last = await look();
  return ((last.events - first.events) / (last.atMs - first.atMs)) * 1000;
}

async function beginReplay(
  order: Ordering,
  { token, sourceId, destinationId }: Setup,
  more: { readonly rate?: number },
): Promise<string> {
  const asked = { how: "replay", token, sourceId, destinationId, ...more };
  return (await order<{ replayId: string }>(asked)).replayId;
}

function perSecond(events: number, beganMs: number): number {
  const all = FILES * EVENTS_PER_FILE;
  if (events !== all) throw new Error(`Cannot compare: ${events} of ${all} events were read`);
  return events / ((performance.now() - beganMs) / 1000);
}

async function start(bucketPort: number): Promise<Miniflare> {
  const { script, wasm } = await bundle(ENTRY);
  const object = (className: string) => ({ className, useSQLite: true });
  return new Miniflare(
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
      bindings: {
        ...testSettings(),
        BUCKET_EU_WEST_1: `http://127.0.0.1:${bucketPort}/homeport-eu-west-1`,
      },
      durableObjects: {
        WORKSPACE: object("Workspace"),
        INGEST_QUEUE: object("IngestQueue"),
        ARCHIVE: object("Archive"),
        ARCHIVE_MONTH: object("ArchiveMonth"),
        REGION_DIRECTORY: object("RegionDirectory"),
        DELIVERY_LANE: object("DeliveryLane"),
        REPLAY: object("BenchReplay"),
        FLOOR: object("BenchFloor"),
      },
    }),
  );
}

/** Events as analytics.js sends them and the archive keeps them: about a kilobyte each. */
function linesOf(events: number): string {
  return `${Array.from({ length: events }, (_, i) => JSON.stringify(eventOf(i))).join("\n")}\n`;
}

function eventOf(i: number): object {
  const at = new Date(DAY_MS + i).toISOString();
  const url = `https://www.example.com/products/${i % 997}?utm_source=newsletter&utm_campaign=autumn`;
  return {
    receivedAt: at,
    projectId: "src_eu_0123456789abcdefghjkmnpqrs",
    channel: "client",
    version: 2,
    timestamp: at,
    type: i % 4 === 0 ? "page" : "track",
    event: "Product Viewed",
    userId: `user-${i % 5_000}`,
    anonymousId: `a3f1c0de-0000-4000-8000-${String(i % 5_000).padStart(12, "0")}`,
    messageId: `ajs-next-${i}-${(i * 2_654_435_761) % 4_294_967_296}`,
    sentAt: at,
    originalTimestamp: at,
    properties: {
      product_id: `${i % 997}`,
      sku: `SKU-${i % 997}`,
      category: "Shoes",
      name: "A pair of shoes that somebody looked at",
      price: (i % 977) / 10,
      currency: "EUR",
      position: i % 20,
    },
    context: {
      ip: "192.0.2.0",
      locale: "en-GB",
      timezone: "Europe/Dublin",
      library: { name: "analytics.js", version: "npm:next-1.84.3" },
      page: { path: "/products", referrer: "https://www.example.com/", title: "Shoes", url },
      campaign: { source: "newsletter", name: "autumn" },
      userAgent:
        "Mozilla/5.0 (X11; Linux x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
      userAgentData: { brands: [{ brand: "Chromium", version: "141" }], mobile: false },
    },
    integrations: {},
  };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

process.exit(await main());

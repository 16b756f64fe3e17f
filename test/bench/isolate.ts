import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { measureIsolate, type IsolateFigures } from "./isolate-load.ts";

/**
 * `npx -c 'node test/bench/isolate.ts'`: what one isolate holds that has everything, twice: as it is
 * after some minutes, and with the filters of a whole window besides. Ends with 1 when a bound is not
 * held. `ISOLATE_EVENTS` makes it shorter.
 */
const MEGABYTE = 1_000_000;
const MEGABYTES_MAX = 96;
/** What an isolate may have on the platform. */
const PLATFORM_MEGABYTES_MAX = 128;

const QUEUES = 8;
const EVENTS_PER_QUEUE = 150_000;

/** V8 collects by the room it believes to have; left alone it would let garbage lie for longer. */
const V8_FLAGS = `--max-heap-size=${PLATFORM_MEGABYTES_MAX}`;

const PROJECT = fileURLToPath(new URL("../../", import.meta.url));
const ENTRY = fileURLToPath(new URL("isolate.worker.ts", import.meta.url));

async function main(): Promise<number> {
  // Miniflare reads it when it starts workerd.
  process.env["MINIFLARE_WORKERD_V8_FLAGS"] = V8_FLAGS;
  const eventsPerQueue = Number(process.env["ISOLATE_EVENTS"] ?? EVENTS_PER_QUEUE);
  const folder = await mkdtemp(join(tmpdir(), "homeport-isolate-"));
  try {
    const usual = await measureIsolate({ queues: QUEUES, eventsPerQueue });
    const configPath = await configFor(folder);
    const full = await measureIsolate({ queues: QUEUES, eventsPerQueue, configPath });
    print(`${QUEUES} queues of ${eventsPerQueue} events, lanes to five destinations`, usual);
    print("the same, with the filters of a whole window", full);
    const bounds = [
      bound("without garbage", usual.liveBytesMost, MEGABYTES_MAX),
      bound("with garbage", usual.bytesMost, MEGABYTES_MAX),
      bound("with filters, without garbage", full.liveBytesMost, MEGABYTES_MAX),
      bound("with filters, with garbage", full.bytesMost, PLATFORM_MEGABYTES_MAX),
      ...[usual, full].map(reached),
    ];
    for (const { isHeld, text } of bounds)
      console.log(`${isHeld ? "held    " : "NOT HELD"} ${text}`);
    return bounds.every(({ isHeld }) => isHeld) ? 0 : 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The project's own configuration, with another entry module. */
async function configFor(folder: string): Promise<string> {
  const own = await readFile(join(PROJECT, "wrangler.toml"), "utf8");
  const text = own
    .replace(/^main = .*$/m, `main = ${JSON.stringify(ENTRY)}`)
    .replace(/^\[build\]$/m, `[build]\ncwd = ${JSON.stringify(PROJECT)}`)
    .replace(/^directory = "dist/m, `directory = "${PROJECT}dist`)
    .replaceAll('"./src/', `"${PROJECT}src/`);
  const path = join(folder, "wrangler.toml");
  await writeFile(path, text);
  return path;
}

function print(
  title: string,
  { liveBytesBefore, liveBytesMost, bytesMost, calls }: IsolateFigures,
) {
  console.log(`\n${title}:`);
  console.log({
    liveMegabytesBefore: megabytes(liveBytesBefore),
    liveMegabytesMost: megabytes(liveBytesMost),
    megabytesMost: megabytes(bytesMost),
    calls,
  });
}

function bound(what: string, bytes: number, most: number): { text: string; isHeld: boolean } {
  return {
    text: `${what}: at most ${most} MB: ${megabytes(bytes)}`,
    isHeld: bytes <= most * MEGABYTE,
  };
}

/** A destination that was not reached was not measured. */
function reached({ calls }: IsolateFigures): { text: string; isHeld: boolean } {
  const missed = Object.entries(calls).flatMap(([host, count]) => (count === 0 ? [host] : []));
  return { text: `every destination was called ${missed.join(" ")}`, isHeld: missed.length === 0 };
}

function megabytes(bytes: number): number {
  return Math.round((bytes / MEGABYTE) * 10) / 10;
}

process.exit(await main());

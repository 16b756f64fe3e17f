import { mkdir, rm, statfs } from "node:fs/promises";
import { join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { constants, deflateRawSync, gunzipSync } from "node:zlib";
import { GetObjectCommand, type S3Client } from "@aws-sdk/client-s3";

import { credentialsAt } from "../../scripts/local-aws/options.ts";
import { startStack, type Stack } from "../../scripts/stack/start-stack.ts";
import { openHomeport, type Homeport, type TestSource } from "../support/homeport.ts";
import { heapBytesAt } from "../support/heap.ts";
import { plantArchive, userIdOf, type PlantedFile } from "../support/planted-archive.ts";
import { s3Client } from "../support/read-bucket.ts";
import { median } from "./cases.ts";
import { processorMs } from "./processor-time.ts";

/**
 * `npm run bench -- erasure`: an archive of 50,000 users of very unequal size on disk, from
 * which 100 are deleted in one call. `ERASURE_GIGABYTES` says how much NDJSON (10), `BENCH_DIR` on which
 * disk. Ends with 1 when a bound is not held.
 */
const GIGABYTE = 1_000_000_000;
const MEGABYTE = 1_000_000;
const USERS = 50_000;
const SOUGHT = 100;
/** As much as a queue seals by size. */
const FILE_BYTES = 64 * 1024 * 1024;
const GIGABYTES_DEFAULT = 10;

/** Bytes read to bytes of the files that hold one of the users. */
const READ_RATIO_MAX = 1.05;
/** NDJSON a second to what gunzip and gzip alone do of the same files, in one thread. */
const RATE_RATIO_MIN = 0.5;

const LOCATION = "eu-west-1";
const BUCKET = "homeport-eu-west-1";
const POLL_MS = 200;
const STALL_MS_MAX = 3_600_000;
const TMPFS_MAGIC = 0x01021994;
const DIRECTORY_DEFAULT = fileURLToPath(new URL("../../.wrangler/bench-erasure", import.meta.url));

/** Files of which gunzip and gzip alone are measured: some before, some after. */
const FLOOR_FILES = 4;
const PIECE_BYTES = 256 * 1024;
const LEVEL = 2;

async function main(): Promise<number> {
  const gigabytes = Number(process.env["ERASURE_GIGABYTES"] ?? GIGABYTES_DEFAULT);
  const directory = resolve(process.env["BENCH_DIR"] ?? DIRECTORY_DEFAULT);
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  if ((await statfs(directory)).type === TMPFS_MAGIC) {
    throw new Error(`Cannot measure on ${directory}: it is in memory; set BENCH_DIR to a disk`);
  }
  const stack = await startStack({ stateDir: join(directory, "state"), isInspected: true });
  try {
    return await measure(stack, Math.max(1, Math.round((gigabytes * GIGABYTE) / FILE_BYTES)));
  } finally {
    // It does not resolve while an inspector was used; the process ends it.
    void stack.stop();
    await pause(1000);
    await rm(directory, { recursive: true, force: true, maxRetries: 3 });
  }
}

async function measure(stack: Stack, files: number): Promise<number> {
  const homeport = openHomeport(stack);
  const source = await homeport.createSource(await homeport.createWorkspace("eu"));
  const endpoint = stack.aws.endpoints[LOCATION];
  const client = s3Client({ endpoint, location: LOCATION, credentials: credentialsAt(LOCATION) });
  // One of the most active, and others of every size.
  const sought = new Set(
    Array.from({ length: SOUGHT }, (_, i) => 40 + Math.floor((i * USERS) / SOUGHT)),
  );
  say(`Planting ${files} files`);
  const planted: PlantedFile[] = [];
  const planting = { sourceId: source.id, users: USERS, files, fileBytes: FILE_BYTES, sought };
  for await (const file of plantArchive(client, planting)) planted.push(file);
  say("Reading them into the catalogue");
  await rebuild(homeport, source);
  const holding = planted.filter((file) => file.sought > 0);
  const sample = spread(holding, 2 * FLOOR_FILES);
  const floorBefore = await floorRates(client, sample.slice(0, FLOOR_FILES));
  say(`Deleting ${SOUGHT} users, who are in ${holding.length} files`);
  const lastBefore = (await stack.aws.requests(0)).at(-1)?.number ?? 0;
  const inspector = await stack.inspectorUrl();
  const heapBefore = await heapBytesAt(inspector);
  const erased = await erase(homeport, source, [...sought].map(userIdOf), {
    inspector,
    pid: await stack.workerdPid(),
  });
  const read = (await stack.aws.requests(lastBefore)).filter(
    ({ operation }) => operation === "GetObject",
  );
  const floorAfter = await floorRates(client, sample.slice(FLOOR_FILES));
  const readBytes = sum(read.map(({ responseBytes }) => responseBytes));
  const rewrittenBytes = sum(holding.map(({ rawBytes }) => rawBytes));
  const floors = [floorBefore, floorAfter];
  const floor = median(floors.map(({ wall }) => wall));
  const rate = (rewrittenBytes / erased.ms) * 1000;
  const processorRate = (rewrittenBytes / erased.processorMs) * 1000;
  const readRatio = readBytes / sum(holding.map(({ gzipBytes }) => gzipBytes));
  const rateRatio = rate / floor;
  const isExact = erased.events === sum(holding.map((file) => file.sought));
  console.log({
    files,
    holding: holding.length,
    rawGigabytes: round(sum(planted.map(({ rawBytes }) => rawBytes)) / GIGABYTE),
    gzipGigabytes: round(sum(planted.map(({ gzipBytes }) => gzipBytes)) / GIGABYTE),
    eventsErased: erased.events,
    filesRewritten: erased.files,
    seconds: round(erased.ms / 1000),
    megabytesPerSecond: round(rate / MEGABYTE),
    floorMegabytesPerSecond: floors.map(({ wall }) => round(wall / MEGABYTE)),
    // What other work on the machine takes away is not in these.
    megabytesPerProcessorSecond: round(processorRate / MEGABYTE),
    floorMegabytesPerProcessorSecond: floors.map(({ processor }) => round(processor / MEGABYTE)),
    processorRatio: round(processorRate / median(floors.map(({ processor }) => processor))),
    heapMegabytesBefore: round(heapBefore / MEGABYTE),
    heapMegabytesMost: round(erased.heapBytesMost / MEGABYTE),
    status: erased.status,
  });
  const bounds = [
    [
      `bytes read: at most ${READ_RATIO_MAX} of the files that hold them: ${round(readRatio)}`,
      readRatio <= READ_RATIO_MAX,
    ],
    [
      `rate: at least ${RATE_RATIO_MIN} of gunzip and gzip alone: ${round(rateRatio)}`,
      rateRatio >= RATE_RATIO_MIN,
    ],
    [`every event of theirs, and no other: ${isExact}`, isExact],
  ] as const;
  for (const [text, isHeld] of bounds) console.log(`${isHeld ? "held    " : "NOT HELD"} ${text}`);
  return bounds.every(([, isHeld]) => isHeld) ? 0 : 1;
}

async function rebuild(homeport: Homeport, source: TestSource): Promise<void> {
  const path = `/api/v1/sources/${source.id}/files/rebuild`;
  await homeport.api(source.workspace.token, "POST", path, {});
  await until("the rebuild", async () => {
    const { body } = await homeport.api(source.workspace.token, "GET", path);
    const job = body["rebuild"] as { readonly state: string; readonly failed?: number };
    return job.state === "running" ? undefined : job;
  });
}

async function erase(
  homeport: Homeport,
  source: TestSource,
  subjectIds: readonly string[],
  { inspector, pid }: { readonly inspector: string; readonly pid: number },
) {
  const { token } = source.workspace;
  const draft = { regulationType: "DELETE_INTERNAL", subjectType: "USER_ID", subjectIds };
  const made = await homeport.api(token, "POST", "/api/v1/regulations", draft);
  if (made.status !== 201) throw new Error(`Cannot delete: ${JSON.stringify(made.body)}`);
  let startMs = 0;
  let endMs = 0;
  let heapBytesMost = 0;
  const processor = { startMs: 0, endMs: 0 };
  const done = await until("the deletion", async () => {
    heapBytesMost = Math.max(heapBytesMost, await heapBytesAt(inspector));
    const { body } = await homeport.api(
      token,
      "GET",
      `/api/v1/regulations/${String(made.body["id"])}`,
    );
    // The rewriting alone: what comes before and after takes the same time however large an archive is.
    if (body["step"] === "archive" && startMs === 0) {
      startMs = Date.now();
      processor.startMs = processorMs(pid);
    }
    if (body["step"] !== "archive" && startMs !== 0 && endMs === 0) {
      endMs = Date.now();
      processor.endMs = processorMs(pid);
    }
    return body["status"] === "RUNNING" || body["status"] === "INITIALIZED" ? undefined : body;
  });
  const { counts } = JSON.parse(String(done["certificate"])) as {
    readonly counts: { readonly eventsErased: number; readonly filesRewritten: number };
  };
  return {
    ms: endMs - startMs,
    processorMs: processor.endMs - processor.startMs,
    events: counts.eventsErased,
    files: counts.filesRewritten,
    heapBytesMost,
    status: done["status"],
  };
}

/** Bytes of NDJSON a second, by the clock and by the processor's time. */
type Rates = { readonly wall: number; readonly processor: number };

/** What gunzip and gzip alone do, in one thread, of these files. */
async function floorRates(client: S3Client, files: readonly PlantedFile[]): Promise<Rates> {
  let ms = 0;
  let cpuMicroseconds = 0;
  let bytes = 0;
  for (const { key } of files) {
    const object = await client.send(new GetObjectCommand({ Bucket: BUCKET, Key: key }));
    const gzip = (await object.Body?.transformToByteArray()) ?? new Uint8Array();
    const fromMs = performance.now();
    const fromCpu = process.cpuUsage();
    const raw = gunzipSync(gzip);
    for (let at = 0; at < raw.length; at += PIECE_BYTES) {
      const piece = raw.subarray(at, at + PIECE_BYTES);
      deflateRawSync(piece, { level: LEVEL, finishFlush: constants.Z_SYNC_FLUSH });
    }
    const { user, system } = process.cpuUsage(fromCpu);
    ms += performance.now() - fromMs;
    cpuMicroseconds += user + system;
    bytes += raw.length;
  }
  return { wall: (bytes / ms) * 1000, processor: (bytes / cpuMicroseconds) * 1_000_000 };
}

async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  const untilMs = Date.now() + STALL_MS_MAX;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > untilMs) throw new Error(`Cannot measure: ${what} does not end`);
    await pause(POLL_MS);
  }
}

function spread<T>(all: readonly T[], count: number): readonly T[] {
  const step = Math.max(1, Math.floor(all.length / count));
  return all.filter((_, i) => i % step === 0).slice(0, count);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

function say(text: string): void {
  console.log(`${new Date().toISOString().slice(11, 19)} ${text}`);
}

process.once("SIGINT", () => process.exit(130));
process.once("SIGTERM", () => process.exit(143));
process.exit(await main());

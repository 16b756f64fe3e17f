import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WorkerdWindow } from "./workerd-window.ts";

/** Ids of 24 hours at the default rate of 1,000 events a second; fewer for a quick look. */
const IDS = Number(process.env["DEDUP_WINDOW_IDS"] ?? 86_400_000);
const SAMPLE = Math.min(500_000, Math.floor(IDS / 4));
/** A call does no more in one turn than the queue would: one pack, a few slices, two seconds. */
const CALL_IDS = 200_000;
const CALL_SLICES = 8;
const CALL_SAMPLE = 2000;
const BATCH = 200;
const HEAP_BYTES_MAX = 96_000_000;
const ROW_BYTES_MAX = 2_000_000;

type Figures = Readonly<
  Record<"bytesInMemory" | "runs" | "rowsWritten" | "blobBytesMax" | "databaseBytes", number>
>;

let directory: string;
let workerd: WorkerdWindow;
let filled: Figures;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "homeport-window-"));
  workerd = await WorkerdWindow.start(directory);
  const [, ms] = await timed(fill);
  filled = await workerd.call<Figures>("figures");
  print("filled", { ids: IDS, seconds: Math.round(ms / 1000), ...filled });
  print("rows written per 1,000 ids", (filled.rowsWritten / IDS) * 1000);
  print("after filling", { ...(await memory()), fillHeapBytesMax });
  await workerd.stop();
  workerd = await WorkerdWindow.start(directory);
  print("restarted", await memory());
  const [, loadMs] = await timed(() => workerd.call("load", IDS));
  print("loaded", { ms: Math.round(loadMs), ...(await memory()) });
});

afterAll(async () => {
  await workerd.stop();
  await rm(directory, { recursive: true, force: true });
});

async function fill(): Promise<void> {
  await workerd.call("load", 0);
  for (let first = 0; first < IDS; first += CALL_IDS) {
    const end = Math.min(first + CALL_IDS, IDS);
    await workerd.call("fill", first, end);
    while (await workerd.call<boolean>("merge", end, CALL_SLICES));
    fillHeapBytesMax = Math.max(fillHeapBytesMax, await workerd.heapBytes());
    if ((first / CALL_IDS) % 40 === 0) print("ids so far", end);
  }
}

let heapBytesMax = 0;
let fillHeapBytesMax = 0;

async function count(first: number, step: number): Promise<{ known: number; right: number }> {
  const sum = { known: 0, right: 0 };
  for (let at = 0; at < SAMPLE; at += CALL_SAMPLE) {
    const size = Math.min(CALL_SAMPLE, SAMPLE - at);
    const part = await workerd.call<typeof sum>("count", first + at * step, step, size);
    sum.known += part.known;
    sum.right += part.right;
    heapBytesMax = Math.max(heapBytesMax, await workerd.heapBytes());
  }
  return sum;
}

async function memory(): Promise<{ heapBytes: number; residentBytes: number | undefined }> {
  return { heapBytes: await workerd.heapBytes(), residentBytes: workerd.residentBytes() };
}

async function timed<T>(act: () => Promise<T>): Promise<readonly [T, number]> {
  const startMs = performance.now();
  return [await act(), performance.now() - startMs];
}

function print(what: string, value: unknown): void {
  console.log(what, value);
}

describe("a full deduplication window in workerd, after a restart", () => {
  it("misses none of the ids of the window and knows the ordinal of each", async () => {
    const step = Math.floor(IDS / SAMPLE);

    const [{ known, right }, ms] = await timed(() => count(0, step));

    print("known ids", { asked: SAMPLE, known, microsecondsEach: (ms * 1000) / SAMPLE });
    expect({ known, right }).toEqual({ known: SAMPLE, right: SAMPLE / BATCH });
  });

  it("takes no other id for a duplicate", async () => {
    const [{ known }, ms] = await timed(() => count(IDS, 1));

    print("unknown ids", { asked: SAMPLE, known, microsecondsEach: (ms * 1000) / SAMPLE });
    expect(known).toBe(0);
  });

  it("stays within its memory, also while it was filled", async () => {
    const { heapBytes, residentBytes } = await memory();
    const { bytesInMemory } = await workerd.call<Figures>("figures");

    print("after the lookups", { heapBytes, heapBytesMax, bytesInMemory, residentBytes });
    expect(Math.max(heapBytesMax, fillHeapBytesMax)).toBeLessThan(HEAP_BYTES_MAX);
  });

  it("wrote no row near the platform's limit", () => {
    expect(filled.blobBytesMax).toBeLessThan(ROW_BYTES_MAX / 2);
  });

  it("wrote at most 4 rows for 1,000 ids", () => {
    expect((filled.rowsWritten / IDS) * 1000).toBeLessThanOrEqual(4);
  });
});

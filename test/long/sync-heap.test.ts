import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { SyncsWorkerd } from "../bench/syncs-workerd.ts";
import { HeapInspector } from "../support/heap.ts";

/** Rows of each sync. */
const ROWS = Number(process.env["SYNC_HEAP_ROWS"] ?? 1_500_000);
const HEAP_BYTES_MAX = 96_000_000;
/** What the platform kills an isolate at; garbage counts there. */
const ISOLATE_BYTES_MAX = 128_000_000;
const POLL_MS = 50;
const POLLS_PER_LIVE = 60;

const BEFORE = { rows: ROWS, salt: 1, gone: 0 };
const NOW = { ...BEFORE, salt: 2 };

/** What three syncs do at once: many changes in order, few by sums, and a file's in any order. */
const WORK = [
  { name: "ordered", engine: "ordered_merge", changedEvery: 3, gone: Math.floor(ROWS / 10) },
  { name: "summed", engine: "checksum", changedEvery: 1_000, gone: 0 },
  { name: "filed", engine: "partition_join", changedEvery: 10, gone: Math.floor(ROWS / 100) },
] as const;

let directory: string;
let workerd: SyncsWorkerd;
let changes: readonly number[];
const seen = { live: 0, most: 0 };

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "homeport-sync-heap-"));
  workerd = await SyncsWorkerd.start(directory);
  for (const { name, changedEvery } of WORK) {
    const table = { ...BEFORE, changedEvery };
    await workerd.ask(name, { what: "accept", engine: "ordered_merge", table });
  }
  await work();
});

afterAll(async () => {
  await workerd.stop();
  await rm(directory, { recursive: true, force: true });
});

/** Lets all of them work at once and looks at the heap meanwhile. */
async function work(): Promise<void> {
  const heap = await HeapInspector.open(workerd.inspector);
  let isOver = false;
  const watching = (async () => {
    for (let poll = 1; !isOver; poll++) {
      seen.most = Math.max(seen.most, await heap.usedBytes());
      if (poll % POLLS_PER_LIVE === 5) seen.live = Math.max(seen.live, await heap.liveBytes());
      await pause(POLL_MS);
    }
  })();
  changes = await Promise.all(
    WORK.map(async ({ name, engine, changedEvery, gone }) => {
      const table = { ...NOW, changedEvery, gone };
      return (await workerd.ask(name, { what: "accept", engine, table })).value;
    }),
  );
  isOver = true;
  await watching;
  heap.close();
  console.log({ rowsEach: ROWS, changes, ...seen });
}

describe(`three syncs of ${ROWS} rows that are compared at once in one isolate`, () => {
  it("find every change", () => {
    expect(changes).toEqual(
      WORK.map(({ changedEvery, gone }) => gone + Math.ceil((ROWS - gone) / changedEvery)),
    );
  });

  it("hold less than the bound, garbage left out", () => {
    expect(seen.live).toBeGreaterThan(0);
    expect(seen.live).toBeLessThan(HEAP_BYTES_MAX);
  });

  it("hold less than an isolate may have, with garbage", () => {
    expect(seen.most).toBeLessThan(ISOLATE_BYTES_MAX);
  });
});

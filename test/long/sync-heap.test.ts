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
const POLLS_PER_LIVE = 40;

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

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "homeport-sync-heap-"));
  workerd = await SyncsWorkerd.start(directory);
  for (const { name, changedEvery } of WORK) {
    const table = { ...BEFORE, changedEvery };
    await workerd.ask(name, { what: "accept", engine: "ordered_merge", table });
  }
});

afterAll(async () => {
  await workerd.stop();
  await rm(directory, { recursive: true, force: true });
});

describe(`three syncs of ${ROWS} rows in one isolate`, () => {
  it("stay within its memory while all of them are compared at once", async () => {
    const heap = await HeapInspector.open(workerd.inspector);
    const seen = { live: 0, most: 0 };
    let isOver = false;
    const watching = (async () => {
      for (let poll = 1; !isOver; poll++) {
        seen.most = Math.max(seen.most, await heap.usedBytes());
        if (poll % POLLS_PER_LIVE === 0) seen.live = Math.max(seen.live, await heap.liveBytes());
        await pause(POLL_MS);
      }
    })();

    const changes = await Promise.all(
      WORK.map(async ({ name, engine, changedEvery, gone }) => {
        const table = { ...NOW, changedEvery, gone };
        return (await workerd.ask(name, { what: "accept", engine, table })).value;
      }),
    );
    isOver = true;
    await watching;
    heap.close();

    console.log({ rowsEach: ROWS, changes, ...seen });
    expect(seen.live).toBeGreaterThan(0);
    expect(seen.live).toBeLessThan(HEAP_BYTES_MAX);
    expect(seen.most).toBeLessThan(ISOLATE_BYTES_MAX);
  });
});

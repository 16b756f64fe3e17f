import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { WorkerdWindow } from "../long/workerd-window.ts";
import { CASES, eachCase, type CaseName, type PerCase } from "./cases.ts";
import type { LoadGenerator } from "./load.ts";
import { startOurs, type Ours } from "./subjects.ts";

/** What `counting.ts` tells. */
type Rows = { readonly log: number; readonly dedup: number; readonly alarms: number };

/** Rows written for 1,000 events, as billed. */
export type RowFigures = {
  /** Of the log with its removal, files, catalogue, alarms. */
  readonly log: number;
  /** Of packing and merging the fingerprints; the same for all cases. */
  readonly dedup: number;
};

/** So that a full segment is closed, packed and dropped at 100 events a request. */
const REQUESTS: PerCase<number> = { "100": 2_600, "10": 6_000, "1": 4_000, "1x64": 20_000 };
/** Shorter than in production, so that more files fall to fewer events: the figures can only be better there. */
const SEAL_SECONDS = 10;
/** From the end of the load until its last file is written and its segments are dropped. */
const SETTLE_MS = (SEAL_SECONDS + 4) * 1000;

/** Ids packed at a time, as a log segment holds them. */
const PACK_IDS = 200_000;
/** As many packs as one merge joins. */
const PACKS = 16;
const MERGE_SLICES = 40;
/** From packs to the runs of a whole window at the default rate. */
const MERGES = 2;

/** Counts in a slower run of its own, with a build that counts; all objects take part. */
export async function measureRows(
  directory: string,
  load: LoadGenerator,
  share: number,
): Promise<PerCase<RowFigures>> {
  const dedup = await dedupRows(join(directory, "window"));
  const ours = await startOurs(join(directory, "counting"), {
    entry: fileURLToPath(new URL("./counting.ts", import.meta.url)),
    vars: { SEAL_SECONDS: String(SEAL_SECONDS) },
  });
  try {
    return await eachCase(async (name) => ({
      log: await logRows(ours, load, name, share),
      dedup,
    }));
  } finally {
    await ours.stop();
  }
}

async function logRows(
  ours: Ours,
  load: LoadGenerator,
  name: CaseName,
  share: number,
): Promise<number> {
  const { events, connections } = CASES[name];
  const way = await ours.way(`rows-${name}`, events);
  const before = await readRows(ours);
  const requests = Math.max(200, Math.round(REQUESTS[name] * share));
  const { port } = ours.workerd;
  const sent = await load.run({ port, ...way, events, connections, seconds: 0, requests });
  await wait(SETTLE_MS);
  const after = await readRows(ours);
  const written = after.log - before.log + after.alarms - before.alarms;
  return (written / sent.events) * 1000;
}

async function readRows(ours: Ours): Promise<Rows> {
  const answer = await fetch(`http://127.0.0.1:${ours.workerd.port}/bench/rows`);
  return (await answer.json()) as Rows;
}

/**
 * Rows that remembering 1,000 ids costs until they are forgotten: one pack and two merges, of which
 * the first is measured; the second rewrites the same ids in pages of the same size.
 */
async function dedupRows(directory: string): Promise<number> {
  const window = await WorkerdWindow.start(directory);
  try {
    await window.call("load", 0);
    const written = async (): Promise<number> =>
      (await window.call<{ rowsWritten: number }>("figures")).rowsWritten;
    const ids = PACK_IDS * PACKS;
    await window.call("fill", 0, ids);
    const packed = await written();
    while (await window.call<boolean>("merge", ids, MERGE_SLICES));
    const merged = (await written()) - packed;
    return ((packed + MERGES * merged) / ids) * 1000;
  } finally {
    await window.stop();
  }
}

import { runCursor } from "./cursors.ts";
import { cut } from "./fold.ts";
import { Merged } from "./merged.ts";
import { PackedBuilder, PREFIX_END, prefixAt, type Packed } from "./packed.ts";
import type { StateRun, StateStore } from "./state-store.ts";

/**
 * Accepted changes go into sorted runs first, since those of one batch fall into nearly all pages.
 * Runs of a level are merged into one of the next, so that there are few of them to read.
 */
export const LEVEL_RUNS_MAX = 16;

/** Entries that are merged at once, in memory and within one transaction: 5 MB. */
const MERGE_ENTRIES_MAX = 200_000;

/** Entries of a run gathered before they are written in chunks. */
const GATHER_ENTRIES = 4_000;

/** Adds a run of sorted entries, each key once. */
export function appendRun(store: StateStore, builder: PackedBuilder): void {
  const runs = store.runs();
  const run = (runs.at(-1)?.run ?? -1) + 1;
  writeRun(store, { run, level: 0, count: builder.count }, cut(builder));
  mergeLevels(store);
}

function mergeLevels(store: StateStore): void {
  for (let level = 0; ; level++) {
    const runs = store.runs().filter((run) => run.level === level);
    if (runs.length < LEVEL_RUNS_MAX) return;
    const count = runs.reduce((sum, run) => sum + run.count, 0);
    if (count > MERGE_ENTRIES_MAX) return;
    mergeRuns(store, runs, level + 1);
  }
}

/** Merges runs that follow each other; the result takes the number of the last, which is its age. */
function mergeRuns(store: StateStore, runs: readonly StateRun[], level: number): void {
  const merged = new Merged(runs.map(({ run }) => runCursor(store, run, 0)));
  const pieces: Packed[] = [];
  const builder = new PackedBuilder(GATHER_ENTRIES);
  let count = 0;
  while (merged.prefix < PREFIX_END) {
    if (merged.packed !== undefined) builder.append(merged.packed, merged.index);
    merged.advance();
    if (builder.count < GATHER_ENTRIES && merged.prefix < PREFIX_END) continue;
    count += builder.count;
    for (const piece of cut(builder)) pieces.push(copied(piece));
    builder.clear();
  }
  store.removeRuns(runs);
  writeRun(store, { run: runs.at(-1)?.run ?? 0, level, count }, pieces);
}

function copied({ count, words, marks, keys }: Packed): Packed {
  return { count, words: words.slice(), marks: marks.slice(), keys };
}

function writeRun(store: StateStore, run: StateRun, chunks: readonly Packed[]): void {
  store.putRun(run);
  for (const [chunk, packed] of chunks.entries()) {
    store.putChunk(run.run, { chunk, first: prefixAt(packed.words, 0), packed });
  }
}

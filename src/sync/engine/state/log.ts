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

/** Entries that are merged at once, within one transaction: a tenth of a second. */
const MERGE_ENTRIES_MAX = 200_000;

/** Entries of a run gathered before they are written in chunks. */
const GATHER_ENTRIES = 4_000;

/** Adds a run of sorted entries, each key once. */
export function appendRun(store: StateStore, builder: PackedBuilder): void {
  const runs = store.runs();
  const run = (runs.at(-1)?.run ?? -1) + 1;
  store.putRun({ run, level: 0, count: builder.count });
  for (const [chunk, packed] of cut(builder).entries()) putChunk(store, run, chunk, packed);
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

/** Merges runs that nothing newer follows, and writes the result while it is made. */
function mergeRuns(store: StateStore, runs: readonly StateRun[], level: number): void {
  const run = (runs.at(-1)?.run ?? 0) + 1;
  const merged = new Merged(runs.map((each) => runCursor(store, each.run, 0)));
  const builder = new PackedBuilder(GATHER_ENTRIES);
  let count = 0;
  let chunk = 0;
  while (merged.prefix < PREFIX_END) {
    const { prefix } = merged;
    if (merged.packed !== undefined) builder.append(merged.packed, merged.index);
    merged.advance();
    // Entries of one prefix stand in one chunk.
    if (merged.prefix === prefix) continue;
    if (builder.count < GATHER_ENTRIES && merged.prefix < PREFIX_END) continue;
    count += builder.count;
    for (const packed of cut(builder)) putChunk(store, run, chunk++, packed);
    builder.clear();
  }
  store.removeRuns(runs);
  store.putRun({ run, level, count });
}

function putChunk(store: StateStore, run: number, chunk: number, packed: Packed): void {
  store.putChunk(run, { chunk, first: prefixAt(packed.words, 0), packed });
}

import { freeBytes } from "../../../core/free-bytes.ts";
import type { DedupStorage } from "./dedup-storage.ts";
import { partOf, RECORD_WORDS, sortRecords } from "./records.ts";
import {
  deleteMerge,
  insertMerge,
  insertRun,
  setNextPage,
  setState,
  type Merge,
} from "./registry.ts";
import { pagesFor, readPages, writePages, type Run } from "./run.ts";
import type { DedupSizes } from "./sizes.ts";

/** Registers a merge of these runs. Lookups read the inputs until {@link advanceMerge} is through. */
export function startMerge(
  storage: DedupStorage,
  sizes: DedupSizes,
  inputs: readonly Run[],
): Merge {
  const ids = inputs.reduce((sum, run) => sum + run.ids, 0);
  const output = insertRun(storage, "building", {
    level: Math.max(...inputs.map((run) => run.level)) + 1,
    pages: pagesFor(ids, sizes),
    ids,
    firstAtMs: Math.min(...inputs.map((run) => run.firstAtMs)),
    lastAtMs: Math.max(...inputs.map((run) => run.lastAtMs)),
  });
  const merge = { output, inputs: inputs.map((run) => run.id), nextPage: 0 };
  insertMerge(storage, merge);
  return merge;
}

/**
 * Writes the next slice of the output. With the last one the output goes live and the inputs go
 * away, all in the caller's transaction: `undefined` says that this happened.
 */
export function advanceMerge(
  storage: DedupStorage,
  sizes: DedupSizes,
  merge: Merge,
  inputs: readonly Run[],
): Merge | undefined {
  const { output } = merge;
  const range = {
    first: merge.nextPage,
    end: Math.min(merge.nextPage + sizes.slicePages, output.pages),
  };
  const gathered = gather(storage, sizes, output, range, inputs);
  const sorted = sortRecords(gathered);
  writePages(storage, sizes, output, range, sorted);
  freeBytes(gathered, sorted);
  if (range.end < output.pages) {
    setNextPage(storage, output.id, range.end);
    return { ...merge, nextPage: range.end };
  }
  deleteMerge(storage);
  setState(storage, output.id, "live");
  for (const input of inputs) setState(storage, input.id, "dropping");
  return undefined;
}

/** The records of all inputs that belong to these pages of the output. */
function gather(
  storage: DedupStorage,
  sizes: DedupSizes,
  output: Run,
  range: { readonly first: number; readonly end: number },
  inputs: readonly Run[],
): Uint32Array {
  const pieces = inputs.flatMap((input) =>
    readPages(storage, sizes, input, {
      first: Math.floor((range.first * input.pages) / output.pages),
      end: Math.ceil((range.end * input.pages) / output.pages),
    }),
  );
  const gathered = new Uint32Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let to = 0;
  for (const piece of pieces) {
    for (let at = 0; at < piece.length; at += RECORD_WORDS) {
      const page = partOf(piece[at] ?? 0, output.pages);
      if (page < range.first || page >= range.end) continue;
      for (let w = 0; w < RECORD_WORDS; w++) gathered[to + w] = piece[at + w] ?? 0;
      to += RECORD_WORDS;
    }
    freeBytes(piece);
  }
  return gathered.subarray(0, to);
}

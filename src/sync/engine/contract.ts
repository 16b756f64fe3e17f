import type { Selection } from "../source/source.ts";

/**
 * What makes hashes of the state comparable with those of a source: the source's own contract, the
 * columns in their order, and the key. Where it differs from what is kept with the state, unchanged
 * rows may look changed; with another key, the state is worth nothing.
 */
export type HashContract = { readonly source: string; readonly selection: Selection };

export type ContractChange =
  | "none"
  /** Another server, or other settings: rows may look changed that are not. */
  | "source"
  /** Other columns: all rows look changed, and have to be sent with them. */
  | "columns"
  /** Another key: nothing that was accepted can be found. */
  | "key";

export function contractChange(kept: HashContract | undefined, now: HashContract): ContractChange {
  if (kept === undefined) return "none";
  if (!isSame(kept.selection.key, now.selection.key)) return "key";
  if (!isSame(kept.selection.columns, now.selection.columns)) return "columns";
  return kept.source === now.source ? "none" : "source";
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((column, at) => column === b[at]);
}

/** Fewer changes than this never stop a run, whatever their share. */
const UPDATES_FREE = 100;

/** Counts that differ by so many percent are nearly equal: a table that only lives on. */
const COUNTS_PERCENT = 5;

/**
 * Whether a run found a mass of changes that are probably none: the way in which values become text
 * changed, as many rows are there as before, and most of them differ.
 */
export function isMassFalseChange(found: {
  readonly change: ContractChange;
  readonly updates: number;
  readonly accepted: number;
  readonly sourceRows: number;
  readonly percentMax: number;
}): boolean {
  const { change, updates, accepted, sourceRows, percentMax } = found;
  if (change !== "source" || updates <= UPDATES_FREE) return false;
  if (Math.abs(sourceRows - accepted) * 100 > accepted * COUNTS_PERCENT) return false;
  return updates * 100 > accepted * percentMax;
}

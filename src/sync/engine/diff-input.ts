import { SourceFailure, type Selection, type SourceRow } from "../source/source.ts";
import type { DiffNeeds } from "./change.ts";
import type { PieceLimits } from "./piece-builder.ts";
import type { SpillLimits, SpillStore } from "./spill.ts";
import type { SyncState } from "./state/sync-state.ts";

/** What every engine works on. */
export type DiffInput = {
  readonly state: SyncState;
  readonly selection: Selection;
  readonly needs: DiffNeeds;
  /** Whether every row is told, as new or changed, whatever was accepted. */
  readonly isFull: boolean;
  /** Where an earlier piece ended; the hash of the last key that was compared, or {@link END}. */
  readonly position: string | undefined;
  readonly signal: AbortSignal;
  readonly pieces?: PieceLimits;
};

export type ChecksumInput = DiffInput & {
  readonly bits: number;
  /** Whether so much changed that every row had better be read. */
  readonly isTooMuch: (found: SumsFound) => boolean;
};

/** What the sums showed: how many of the 2^`bits` buckets differ, and rows of the source in all. */
export type SumsFound = {
  readonly bits: number;
  readonly length: number;
  readonly rowsInAll: number;
};

export type PartitionInput = DiffInput & {
  readonly spill: SpillStore;
  readonly spillLimits?: SpillLimits;
  /** Gives other requests their turn while a lot is compared. */
  readonly nextTurn: () => Promise<unknown>;
};

/** The position of a diff that has nothing left. */
export const END = "end";

/** Rows that a sync may have: 25 bytes each are 5 of the 10 GB of an object, and a rewrite needs room. */
export const SYNC_ROWS_MAX = 200_000_000;

/** @throws SourceFailure when there are more rows than a sync may have. */
export function checkRows(rows: number, max = SYNC_ROWS_MAX): void {
  if (rows <= max) return;
  throw new SourceFailure("too_many_rows", `The source has more than ${max} rows`, false);
}

/** The cells of a row's key. */
export function keyReader({ columns, key }: Selection): (row: SourceRow) => SourceRow {
  const places = key.map((column) => columns.indexOf(column));
  return (row) => places.map((place) => row[place] ?? null);
}

/** How far the rows of an append are known. */
export type Mark = {
  readonly value: string;
  /** Whether rows of that very value were left out as well, and stay so. */
  readonly isSkipped: boolean;
};

/** What is kept of it between runs. */
export type KeptMark = {
  /** Null: there was nothing yet, so that whatever comes is new. */
  readonly value: string | null;
  readonly isSkipped: boolean;
  /** The column that it is of; of another one it says nothing. */
  readonly column?: string;
};

/** Rows whose watermark is from `from` on (after it, where its own rows were skipped) and at most `to`. */
export type Window = { readonly from: Mark | undefined; readonly to: string };

export type NextWindow = {
  /** What this run reads; `undefined` when nothing. */
  readonly window: Window | undefined;
  /** What is kept once the run completed. */
  readonly mark: KeptMark | undefined;
};

/**
 * The window of an append's next run. It begins with the mark's own value, because rows of it may have
 * come since; those that were sent are known by their keys. A row that is given an older value later
 * is not seen.
 *
 * @param kept what the last completed run kept.
 * @param greatest the column's greatest value behind the mark in the source now; `undefined` when there
 *   is none, as when the rows of the mark were deleted.
 */
export function nextWindow(
  kept: KeptMark | undefined,
  greatest: string | undefined,
  first: "backfill_all_records" | "skip_current_records",
): NextWindow {
  const isSkipping = kept === undefined && first === "skip_current_records";
  if (greatest === undefined) {
    return { window: undefined, mark: isSkipping ? { value: null, isSkipped: false } : kept };
  }
  if (isSkipping) return { window: undefined, mark: { value: greatest, isSkipped: true } };
  return {
    window: { from: markOf(kept), to: greatest },
    mark: { value: greatest, isSkipped: false },
  };
}

/** Where what was kept has the next window begin; `undefined` at the beginning. */
export function markOf(kept: KeptMark | undefined): Mark | undefined {
  if (kept === undefined || kept.value === null) return undefined;
  return { value: kept.value, isSkipped: kept.isSkipped };
}

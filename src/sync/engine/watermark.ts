/** How far the rows of an append are known. */
export type Mark = {
  readonly value: string;
  /** Whether rows of that very value were left out as well, and stay so. */
  readonly isSkipped: boolean;
};

/** Rows whose watermark is from `from` on (after it, where its own rows were skipped) and at most `to`. */
export type Window = { readonly from: Mark | undefined; readonly to: string };

export type NextWindow = {
  /** What this run reads; `undefined` when nothing. */
  readonly window: Window | undefined;
  /** What is kept once the run completed. */
  readonly mark: Mark | undefined;
};

/**
 * The window of an append's next run. It begins with the mark's own value, because rows of it may have
 * come since; those that were sent are known by their keys. A row that is given an older value later
 * is not seen.
 *
 * @param mark what the last completed run kept.
 * @param greatest the column's greatest value behind the mark in the source now; `undefined` when there
 *   is none, as when the rows of the mark were deleted.
 */
export function nextWindow(
  mark: Mark | undefined,
  greatest: string | undefined,
  first: "backfill_all_records" | "skip_current_records",
): NextWindow {
  if (greatest === undefined) return { window: undefined, mark };
  if (mark === undefined && first === "skip_current_records") {
    return { window: undefined, mark: { value: greatest, isSkipped: true } };
  }
  return { window: { from: mark, to: greatest }, mark: { value: greatest, isSkipped: false } };
}

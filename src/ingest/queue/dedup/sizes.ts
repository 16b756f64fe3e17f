/**
 * How runs are cut and merged. Tests use small sizes; the product uses {@link DEDUP_SIZES}. Runs on
 * disk are laid out by the first three, so those change only with a migration.
 */
export type DedupSizes = {
  /** Ids a page holds on average. */
  readonly pageIds: number;
  /** Pages a slice of a merge writes. */
  readonly slicePages: number;
  /** Pages of one table; a whole number of slices. A run has as many tables as it needs. */
  readonly tablePages: number;
  /** Runs that are merged into one. */
  readonly fanIn: number;
};

export const DEDUP_SIZES: DedupSizes = {
  // A row of about 20 KB: rows written are what is billed, and a lookup reads a whole one.
  pageIds: 1000,
  // About 64,000 ids: some 20 ms of work and 6 MB of memory, so that requests need not wait long.
  slicePages: 64,
  // About 20 MB: dropping a table reads all of it, so a run is dropped one table at a time.
  tablePages: 1024,
  // From packs of a minute at the default rate, two merges lead to runs of about four hours.
  fanIn: 16,
};

/** The platform's limit for a row is 2 MB; a page or a piece of a filter is never near it. */
export const ROW_BYTES_MAX = 1_000_000;

/**
 * A run is dropped as a whole once its newest id left the window, so what it spans is how much
 * longer than the window its oldest id is kept: at most a quarter of the window.
 */
export const RUNS_PER_WINDOW = 4;

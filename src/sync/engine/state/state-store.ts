import type { Packed } from "./packed.ts";

/** A page, and the first prefix of its range, which ends where the next page's begins. */
export type StatePage = { readonly first: number; readonly packed: Packed };

/** A sorted run of the log. A run of a higher number is newer. */
export type StateRun = {
  readonly run: number;
  /** How often its entries were merged. */
  readonly level: number;
  readonly count: number;
};

/** Entries of the pages, by what they say. */
export type StateCounts = { readonly there: number; readonly remembered: number };

/**
 * Where the state of a sync stands. Synchronous; whoever writes does so within a transaction, so that
 * the state moves together with the place of a run.
 *
 * Pages cover all key hashes, each a range of prefixes. Entries of one prefix stand in one page.
 */
export interface StateStore {
  /** The last page that begins at or before a prefix. */
  pageAt(prefix: number): StatePage | undefined;
  /** The first page that begins after a prefix. */
  pageAfter(prefix: number): StatePage | undefined;
  /** Where that page begins, without reading it. */
  firstAfter(prefix: number): number | undefined;
  putPage(page: StatePage): void;
  removePage(first: number): void;
  counts(): StateCounts;

  /** Oldest first. */
  runs(): readonly StateRun[];
  /** The last chunk of a run that begins at or before a prefix, else its first. */
  chunkAt(run: number, prefix: number): StateChunk | undefined;
  chunkAfter(run: number, chunk: number): StateChunk | undefined;
  putRun(run: StateRun): void;
  /** Adds a chunk or replaces it; chunks of a run are numbered from 0 in the order of their keys. */
  putChunk(run: number, chunk: StateChunk): void;
  removeRuns(runs: readonly StateRun[]): void;

  /** Removes everything. */
  clear(): void;
}

/** A part of a run, and the first prefix that may be in it. */
export type StateChunk = {
  readonly chunk: number;
  readonly first: number;
  readonly packed: Packed;
};

import type { ArchiveFile } from "./archive-file.ts";

/** Which files of a month to list, in the order of their first event's receivedAt, then by key. */
export type FilesQuery = {
  /** Only files with an event received at this instant or later. */
  readonly fromMs?: number;
  /** Only files with an event received before this instant. */
  readonly toMs?: number;
  /** The `next` of the page before. */
  readonly after?: string;
  readonly max: number;
};

export type FilesPage = {
  readonly files: readonly ArchiveFile[];
  readonly next: string | undefined;
};

/** Which files to go through once, however many are recorded meanwhile. */
export type RecordedQuery = {
  /** Only files with an event received from this instant on, and before that one. */
  readonly fromMs: number;
  readonly toMs: number;
  /** The number of the last file that was gone through; 0 at first. */
  readonly afterId: number;
  readonly max: number;
};

/** A file, and the number under which it was recorded. */
export type RecordedRow = { readonly id: number; readonly file: ArchiveFile };

export type FileTotals = { readonly files: number; readonly events: number };

/** A key that the catalogue holds, and where its file stands. */
export type HeldFile = Pick<ArchiveFile, "key" | "location" | "ownBucket">;

/** Files that may hold one of the users asked for, as far as one call looked. */
export type MatchPage = {
  readonly files: readonly ArchiveFile[];
  /** For each file: what to hand in as `after` once it and all before it are over. */
  readonly positions: readonly string[];
  /** Filters looked at by this call. */
  readonly examined: number;
  readonly next: string | undefined;
};

/** A page of what a search of the filters found, by the number under which each file is recorded. */
export function matchPage(
  found: readonly RecordedRow[],
  examined: number,
  next: string | undefined,
): MatchPage {
  const files = found.map(({ file }) => file);
  return { files, positions: found.map(({ id }) => String(id)), examined, next };
}

/** Files in one answer: about 400 bytes each, far below what one RPC may carry. */
export const FILES_PAGE_MAX = 1000;

/** Keys that may be asked for at once; a page of a bucket's listing has as many at most. */
export const KEYS_ASKED_MAX = 1000;

/** Of one stored filter: 3.5 million users. A larger one is kept as one that matches everyone. */
export const FILTER_BYTES_MAX = 8 * 1024 * 1024;

/** Where a page of files ended. */
export type FilesPosition = { readonly firstReceivedAtMs: number; readonly key: string };

/** The text of a position: opaque to callers, who hand it back as `after`. */
export function formatPosition({ firstReceivedAtMs, key }: FilesPosition): string {
  return `${firstReceivedAtMs}:${key}`;
}

/** The position that {@link formatPosition} wrote, or `undefined` for any other text. */
export function parsePosition(text: string): FilesPosition | undefined {
  const [, ms = "", key = ""] = /^(-?\d{1,15}):(.+)$/s.exec(text) ?? [];
  return key === "" ? undefined : { firstReceivedAtMs: Number(ms), key };
}

import type { FilePlace } from "../region/own-bucket.ts";

/**
 * How far each month's catalogue was gone through: the number under which it recorded the last file
 * that was begun. By number and not by time, so that a file that is recorded late is not missed.
 */
export type Cursor = Readonly<Record<string, number>>;

/** A file that a replay reads or has read. */
export type ReplayFile = FilePlace & {
  /** The number of its first line. */
  readonly firstSeq: number;
  readonly key: string;
  /** Where the catalogues stood before it, and with it. */
  readonly before: Cursor;
  readonly after: Cursor;
};

/** The files that a replay has in hand, on disk. Synchronous. */
export interface ReplayFiles {
  /** The file that was begun and not read to its end. */
  current(): ReplayFile | undefined;
  /** Where to look for the next file. */
  cursor(): Cursor;
  begin(file: Omit<ReplayFile, "firstSeq">, firstSeq: number): ReplayFile;
  finish(file: ReplayFile): void;
}

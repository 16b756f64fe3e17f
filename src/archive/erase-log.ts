/** A file that a deletion is about to write over, or has. */
export type Rewrite = {
  readonly month: string;
  readonly key: string;
  /** Lines that are left out. */
  readonly removed: number;
  /** SHA-256 of the NDJSON as the catalogue knew it, and as it is written; hex. */
  readonly before: string;
  readonly after: string;
};

/** What a deletion did to one archive, each file counted once however often it was interrupted. */
export type ErasedTotals = {
  readonly filesRewritten: number;
  readonly eventsErased: number;
  /** SHA-256 over `key before after` of each file, a line each, by key: what a certificate holds. */
  readonly filesSha256: string;
};

/** Which files a deletion rewrote; durable, so that a kill neither loses nor repeats a count. */
export interface EraseLog {
  /** Noted before the file is written. */
  writing(rewrite: Rewrite): void;
  /** The catalogue knows the file as it is now; of one that was never noted nothing is kept. */
  recorded(key: string, after: string): void;
  /** Those that were noted and of which it is not known whether they were recorded. */
  written(): readonly Rewrite[];
  totals(): ErasedTotals;
}

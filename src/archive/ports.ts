import type { RegulationId } from "../core/ids.ts";
import type { Result } from "../core/result.ts";
import type { OwnBucketName } from "../region/own-bucket.ts";
import type { ArchiveLocation } from "../region/regions.ts";
import type { ArchiveFile, RecordedFile } from "./archive-file.ts";
import type {
  FilesPage,
  FilesQuery,
  FileTotals,
  HeldFile,
  MatchPage,
  RecordedQuery,
  RecordedRow,
} from "./catalogue.ts";
import type { ErasedSlice } from "./erase.ts";
import type { ExportedSlice } from "./export-events.ts";
import type { JobRef, JobTurn, QueuedJob } from "./jobs.ts";
import type { LinkedSlice } from "./link.ts";
import type { RebuildProgress, RebuildRefusal, RebuildStart } from "./rebuild.ts";
import type { RetentionProgress, SweepPage } from "./retention.ts";
import type { Subjects } from "./subjects.ts";
import type { NewSuspects, OpenSuspects } from "./suspects.ts";
import type { WalkPosition } from "./walk-files.ts";

/** The archive file that holds an event. */
export type MessageFile = {
  readonly key: string;
  readonly location: ArchiveLocation;
  /** ISO 8601, as the event's line says. */
  readonly receivedAt: string;
};

/** What became of files of exports; it is over once all were gone through. */
export type ErasedExports = {
  readonly isOver: boolean;
  /** Where to go on, when it is not over. */
  readonly position?: string;
  readonly erased: number;
};

/** Whom to take out of a source's archive, and how far that is. */
export type EraseRequest = {
  readonly regulationId: RegulationId;
  readonly subjectType: Subjects["type"];
  readonly subjectIds: readonly string[];
  /** Anonymous ids that stood beside them, where they are forgotten as well. */
  readonly linkedIds?: readonly string[];
  /** The source's, which keys the hashes in filters. */
  readonly fingerprintKey: string;
  readonly position?: WalkPosition;
};

/** Why no slice was done, of an erasure or of what goes before it. */
export type NoSlice =
  /** Another job has its turn. */
  | { readonly kind: "waiting"; readonly waitsFor: JobRef }
  /** Another slice of it is still running, or something did not answer; ask again later. */
  | { readonly kind: "unavailable" };

export type EraseAnswer = { readonly kind: "slice"; readonly slice: ErasedSlice } | NoSlice;

export type ExportAnswer = { readonly kind: "slice"; readonly slice: ExportedSlice } | NoSlice;

export type LinkAnswer = { readonly kind: "slice"; readonly slice: LinkedSlice } | NoSlice;

/** A source's archive: its months and jobs. */
export interface ArchivePort {
  months(): Promise<readonly string[]>;
  /** Makes a month known before its first file is recorded. */
  openMonth(month: string): Promise<void>;
  /** Starts to read the catalogue anew from the buckets; while one runs, answers that one. */
  startRebuild(start: RebuildStart): Promise<Result<RebuildProgress, RebuildRefusal>>;
  /** The present or the last rebuild. */
  rebuild(): Promise<RebuildProgress | undefined>;
  /** Asks for a job's turn, as often as one likes; how a job takes part: `src/archive/jobs.ts`. */
  enterJob(job: JobRef): Promise<JobTurn>;
  /** The job is done, failed, cancelled or paused: the next one has its turn. */
  leaveJob(jobId: string): Promise<void>;
  /** Jobs that have or wait for their turn, in the order of entering. */
  jobs(): Promise<readonly QueuedJob[]>;
  /** The present or the last sweep of files that are older than the source's retention. */
  retention(): Promise<RetentionProgress | undefined>;
  /** Ends its work and removes all that it holds, because its source was deleted. */
  leave(): Promise<void>;
  /** Called by cron: has what is due begin, should the archive's own alarm be lost. */
  poke(): Promise<void>;
  /** Takes users out of the archive as far as one slice goes; asked again with its position. */
  erase(request: EraseRequest): Promise<EraseAnswer>;
  /** Finds the anonymous ids on the lines of these users, as far as one slice goes. */
  link(request: EraseRequest): Promise<LinkAnswer>;
  /** Copies the events of these users into files of an export, as far as one slice goes. */
  exportEvents(request: EraseRequest): Promise<ExportAnswer>;
  /** The bytes of a file of an export; `undefined` when it is not there any more. */
  readExport(key: string, location: ArchiveLocation): Promise<ReadableStream | undefined>;
  /** Removes the files of one export. */
  dropExport(regulationId: RegulationId): Promise<void>;
  /**
   * Removes the files of exports in which one of these users is named, as far as one slice goes; asked
   * again with the position that it answered.
   */
  eraseExports(request: EraseRequest, position?: string): Promise<ErasedExports>;
  /** Places where a second copy of a file may stand, over all months; none means there is none. */
  suspects(): Promise<OpenSuspects>;
  /** Which of these files holds the event of that messageId, and when it was received. */
  findMessage(keys: readonly string[], messageId: string): Promise<MessageFile | undefined>;
}

/** The catalogue of a source's files of one month (UTC, by the day in the key). */
export interface ArchiveMonthPort {
  /**
   * Inserts unless the key is held; answers what the catalogue holds under that key. Its location
   * may be another than the caller's, when a copy was recorded before: the caller's is then a stray.
   */
  record(file: RecordedFile): Promise<ArchiveFile>;
  find(key: string): Promise<ArchiveFile | undefined>;
  /** Removes all that it holds, because its source was deleted. */
  leave(): Promise<void>;
  /** Takes over what a deletion made of a file, with its filter. */
  rewrote(file: RecordedFile): Promise<void>;
  /** Those of the keys that the catalogue holds, and where each file stands. */
  heldAt(keys: readonly string[]): Promise<readonly HeldFile[]>;
  /**
   * Has these locations checked, once nothing can land there any more, for second copies of files
   * that the catalogue holds. Durable once it resolves; harmless to repeat.
   */
  suspect(suspects: readonly NewSuspects[]): Promise<void>;
  /** What was noted by `suspect` and is not cleared yet. */
  suspects(): Promise<OpenSuspects>;
  list(query: FilesQuery): Promise<FilesPage>;
  /** Files of a range in the order of recording; a rewritten file keeps its place. */
  recorded(query: RecordedQuery): Promise<readonly RecordedRow[]>;
  /** How many files overlap a range, and the events in them. */
  totals(range: { readonly fromMs: number; readonly toMs: number }): Promise<FileTotals>;
  /**
   * Removes files in the platform's buckets, and in those of the customer's that are named, whose last
   * event was received before `beforeMs`; ask again with `after` = `next` until that is absent.
   */
  sweep(beforeMs: number, after?: string, own?: readonly OwnBucketName[]): Promise<SweepPage>;
  /** Overwrites what storage still holds of filters that were deleted. */
  scrub(): Promise<void>;
  /** Files that may hold one of the users (8 bytes of hash each); ask again with `after` = `next`. */
  matching(userHashes: Uint8Array, after?: string): Promise<MatchPage>;
}

import type { ChildId, SourceId } from "../core/ids.ts";
import { parseId, regionOf } from "../core/ids.ts";
import { splitPlace, type ArchivePlace } from "../region/own-bucket.ts";
import { HOME_REGIONS, type ArchiveLocation } from "../region/regions.ts";
import type { JobRef } from "./jobs.ts";
import { prefixOf } from "./key.ts";

/** What a rebuild is asked for. */
export type RebuildStart = {
  /** Keys the hashes of user ids in the filters; kept only while the rebuild runs. */
  readonly fingerprintKey: string;
  /** Segment's id of the source, for files that Segment wrote: `segment-logs/{id}/`. */
  readonly segmentSourceId?: string;
  /** The source's own buckets; listed after the platform's. */
  readonly ownPlaces?: readonly ArchivePlace[];
};

export type RebuildRefusal =
  /** A rebuild of other files is running. */
  | { readonly kind: "busy"; readonly running: RebuildProgress }
  /** Not in the shape of Segment's ids, or an id of ours: nobody may claim another source's files. */
  | { readonly kind: "invalid-segment-source-id" };

export type RebuildState = "running" | "done" | "failed";

export type RebuildCounts = {
  /** Objects seen in listings. */
  readonly listed: number;
  /** Files read to their end, and bytes of NDJSON in them. */
  readonly read: number;
  readonly bytes: number;
  /** Files that the catalogue did not hold before. */
  readonly recorded: number;
  /** Objects left alone: held already, gone meanwhile, or no archive files. */
  readonly skipped: number;
  /** Files that are damaged or do not hold what their metadata says. */
  readonly unreadable: number;
};

export type RebuildProgress = RebuildCounts & {
  readonly id: ChildId<"job">;
  readonly state: RebuildState;
  readonly segmentSourceId: string | undefined;
  /** The first {@link UNREADABLE_SHOWN_MAX} of them. */
  readonly unreadableFiles: readonly UnreadableFile[];
  readonly startedAtMs: number;
  readonly updatedAtMs: number;
  /** A code: why it failed, or why it waits to try again. */
  readonly error: string | undefined;
  /** The job of the same source that it waits for; absent while it has its turn. */
  readonly waitsFor?: JobRef;
};

export type UnreadableFile = {
  readonly key: string;
  readonly location: ArchiveLocation;
  readonly why: string;
};

/** A rebuild as it is stored: progress, and the position it resumes from. */
export type RebuildJob = {
  readonly progress: RebuildProgress;
  readonly sourceId: SourceId;
  /** Empty once the rebuild is over. */
  readonly fingerprintKey: string;
  /** The source's own buckets, as they were when it began; absent from older jobs. */
  readonly ownPlaces?: readonly ArchivePlace[];
  /** Which of the home's locations, then of these, is being listed, and the last key done with. */
  readonly locationIndex: number;
  readonly afterKey: string | undefined;
  /** Whether some location's marker let this source have Segment's files; see {@link markerKeyOf}. */
  readonly isClaimed: boolean;
  /** Failures in a row, of anything; and the key that was being read. */
  readonly failures: number;
  /** Not before this instant, epoch ms. */
  readonly nextAtMs: number;
};

export const UNREADABLE_SHOWN_MAX = 20;
/** About an hour and a half at the longest delay: then somebody has to look. */
const FAILURES_MAX = 100;
const DELAY_MS_BASE = 1000;
const DELAY_MS_MAX = 60_000;
const SEGMENT_ID = /^[A-Za-z0-9]{4,64}$/;

/** Whether that may be Segment's id of a source. Ids of ours are refused, whosever they are. */
export function isSegmentSourceId(text: string): boolean {
  return SEGMENT_ID.test(text) && parseId(text) === undefined;
}

/**
 * The object that has to stand beside files that Segment wrote, holding the id of the source of ours
 * that may have them. A bucket serves many workspaces; without it any of them could name the id of
 * another's files and read them. Only who may write to the bucket can write it.
 */
export function markerKeyOf(segmentSourceId: string): string {
  return `${prefixOf(segmentSourceId)}homeport-source.txt`;
}

/** A rebuild that has not done anything yet. */
export function newRebuild(
  id: ChildId<"job">,
  sourceId: SourceId,
  { fingerprintKey, segmentSourceId, ownPlaces }: RebuildStart,
  nowMs: number,
): RebuildJob {
  return {
    progress: {
      id,
      state: "running",
      segmentSourceId,
      listed: 0,
      read: 0,
      bytes: 0,
      recorded: 0,
      skipped: 0,
      unreadable: 0,
      unreadableFiles: [],
      startedAtMs: nowMs,
      updatedAtMs: nowMs,
      error: undefined,
    },
    sourceId,
    fingerprintKey,
    ...(ownPlaces === undefined ? {} : { ownPlaces }),
    locationIndex: 0,
    afterKey: undefined,
    isClaimed: segmentSourceId === undefined,
    failures: 0,
    nextAtMs: nowMs,
  };
}

/**
 * All locations of the home are listed, also those that the source does not write to any more, and
 * after them every bucket of its own.
 */
export function placeOfJob(job: RebuildJob): ArchivePlace | undefined {
  const { locations } = HOME_REGIONS[regionOf(job.sourceId)];
  return [...locations, ...(job.ownPlaces ?? [])][job.locationIndex];
}

/**
 * Whether files at that place are the source's for the asking: a bucket of its own was shown to be so
 * by its roles, while one of the platform's serves many workspaces.
 */
export function needsNoMarker(place: ArchivePlace): boolean {
  return splitPlace(place).own !== undefined;
}

/** What begins every key that the rebuild looks at. */
export function prefixOfJob({ sourceId, progress }: RebuildJob): string {
  return prefixOf(progress.segmentSourceId ?? sourceId);
}

/** What one object came to. */
export type EntryOutcome =
  | { readonly kind: "skipped" }
  | { readonly kind: "recorded" | "read"; readonly bytes: number }
  | { readonly kind: "unreadable"; readonly file: UnreadableFile };

/** The job after it is done with one object. */
export function advance(
  job: RebuildJob,
  key: string,
  outcome: EntryOutcome,
  nowMs: number,
): RebuildJob {
  const { progress } = job;
  const isRead = outcome.kind === "recorded" || outcome.kind === "read";
  const isUnreadable = outcome.kind === "unreadable";
  const { unreadableFiles } = progress;
  const isShown = isUnreadable && unreadableFiles.length < UNREADABLE_SHOWN_MAX;
  return {
    ...job,
    afterKey: key,
    failures: 0,
    nextAtMs: nowMs,
    progress: {
      ...progress,
      listed: progress.listed + 1,
      read: progress.read + (isRead ? 1 : 0),
      bytes: progress.bytes + (isRead ? outcome.bytes : 0),
      recorded: progress.recorded + (outcome.kind === "recorded" ? 1 : 0),
      skipped: progress.skipped + (outcome.kind === "skipped" ? 1 : 0),
      unreadable: progress.unreadable + (isUnreadable ? 1 : 0),
      unreadableFiles: isShown ? [...unreadableFiles, outcome.file] : unreadableFiles,
      updatedAtMs: nowMs,
      error: undefined,
    },
  };
}

/** The job after the last page of a location: at the next one, or over. */
export function leaveLocation(job: RebuildJob, nowMs: number): RebuildJob {
  const next = { ...job, locationIndex: job.locationIndex + 1, afterKey: undefined };
  if (placeOfJob(next) !== undefined) return next;
  return job.isClaimed
    ? end(next, "done", undefined, nowMs)
    : end(next, "failed", "unclaimed", nowMs);
}

/** The job after something that may pass: it waits, longer each time, and in the end gives up. */
export function postpone(job: RebuildJob, error: string, nowMs: number): RebuildJob {
  const failures = job.failures + 1;
  if (failures >= FAILURES_MAX) return end(job, "failed", error, nowMs);
  const delayMs = Math.min(DELAY_MS_BASE * 2 ** (failures - 1), DELAY_MS_MAX);
  return {
    ...job,
    failures,
    nextAtMs: nowMs + delayMs,
    progress: { ...job.progress, error, updatedAtMs: nowMs },
  };
}

/** The job once it is over; what it needed of secrets is forgotten. */
export function end(
  job: RebuildJob,
  state: "done" | "failed",
  error: string | undefined,
  nowMs: number,
): RebuildJob {
  return {
    ...job,
    fingerprintKey: "",
    progress: { ...job.progress, state, error, updatedAtMs: nowMs },
  };
}

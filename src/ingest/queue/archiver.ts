import type { BuiltFile } from "../../archive/file-builder.ts";
import type { ArchiveFile, RecordedFile } from "../../archive/archive-file.ts";
import type { SourceId } from "../../core/ids.ts";
import { placeOf, splitPlace, type ArchivePlace } from "../../region/own-bucket.ts";
import type { BucketFailure, NotFound, PutFailure } from "../../s3/failures.ts";
import type { Result } from "../../core/result.ts";
import type { Breakers } from "../../s3/breaker.ts";
import type { FileTable, SealedFile } from "./file-table.ts";
import { findTried, placesFor, putSomewhere } from "./put-somewhere.ts";
import type { QueueLog } from "./queue-log.ts";
import { buildRange, type BuiltRange } from "./range-builder.ts";
import type { SealRule } from "./seal.ts";

/** What the archiver needs of the outside, in domain words. */
export type ArchiverDeps = {
  readonly sourceId: SourceId;
  readonly log: QueueLog;
  readonly files: FileTable;
  readonly rule: SealRule;
  readonly breakers: Breakers<ArchivePlace>;
  transaction(work: () => void): void;
  /** Resolves when everything written so far is on disk. */
  sync(): Promise<void>;
  /** The locations the source's files may go to, in order; empty while the config is not known. */
  locations(): readonly ArchivePlace[];
  keyFor(dayMs: number, firstSeq: number, lastSeq: number): string;
  put(location: ArchivePlace, key: string, file: BuiltFile): Promise<Result<unknown, PutFailure>>;
  /** The SHA-256 of the NDJSON that the object says it holds; empty when it says nothing. */
  storedSha256(
    location: ArchivePlace,
    key: string,
  ): Promise<Result<string, NotFound | BucketFailure>>;
  inCatalogue(key: string, dayMs: number): Promise<ArchiveFile | undefined>;
  record(file: RecordedFile, dayMs: number): Promise<ArchiveFile>;
  /** Has the catalogue check these locations for a second copy of the file. */
  suspect(file: SealedFile, locations: readonly ArchivePlace[]): Promise<void>;
  userFilter(hashes: Uint8Array): Uint8Array;
};

/** What became of one attempt to archive the oldest waiting range. */
export type ArchiveOutcome =
  | { readonly kind: "idle" }
  | {
      readonly kind: "archived";
      readonly file: SealedFile;
      readonly location: ArchivePlace;
    }
  | { readonly kind: "retry"; readonly why: string }
  /** No location of the source is to be asked before that instant. */
  | { readonly kind: "waiting"; readonly untilMs: number; readonly why: string | undefined }
  /** Other queues of this isolate are building files, and memory is bounded. */
  | { readonly kind: "busy" }
  /** An object of that name holds other events. Nothing is overwritten; someone has to look. */
  | { readonly kind: "conflict"; readonly key: string };

/**
 * Turns the oldest waiting range of the log into one archive file. Crash-safe by its order: range,
 * name and location are on disk before the PUT; the PUT never overwrites; the catalogue is told, of
 * the file and of every other location where a PUT may have left it, before the cursor moves. So
 * after a kill at any instant the same range is found and finished under the same name.
 */
export async function archiveNext(deps: ArchiverDeps): Promise<ArchiveOutcome> {
  const interrupted = deps.files.sealed();
  if (deps.locations().length === 0) return { kind: "retry", why: "no location is known" };
  if (interrupted !== undefined) {
    const known = await deps.inCatalogue(interrupted.key, interrupted.dayMs);
    if (known !== undefined) return finish(deps, interrupted, known);
  }
  // Asked before the file is built, which is the expensive part of an attempt.
  if (!placesFor(deps, interrupted).some((location) => deps.breakers.admits(location))) {
    return waiting(deps, interrupted, undefined);
  }
  const range = await buildRange(deps, interrupted);
  if (range === undefined) return { kind: "idle" };
  const stray = await findTried(deps, range.sealed);
  if (stray.kind === "found") return record(deps, range, range.sealed, stray.location);
  if (stray.kind === "conflict") return stray;
  const put = await putSomewhere(deps, range, interrupted !== undefined);
  if (put.kind === "put") return record(deps, range, put.sealed, put.location);
  return put.kind === "none-admitted" ? waiting(deps, deps.files.sealed(), put.why) : put;
}

function waiting(
  deps: ArchiverDeps,
  sealed: SealedFile | undefined,
  why: string | undefined,
): ArchiveOutcome {
  return { kind: "waiting", untilMs: deps.breakers.nextAtMs(placesFor(deps, sealed)), why };
}

async function record(
  deps: ArchiverDeps,
  { built, users }: BuiltRange,
  sealed: SealedFile,
  place: ArchivePlace,
): Promise<ArchiveOutcome> {
  const { location, own } = splitPlace(place);
  const recorded = await deps.record(
    {
      sourceId: deps.sourceId,
      key: sealed.key,
      location,
      ...(own === undefined ? {} : { ownBucket: own }),
      events: sealed.events,
      rawBytes: sealed.rawBytes,
      gzipBytes: built.gzip.byteLength,
      ndjsonSha256: sealed.ndjsonSha256,
      firstReceivedAtMs: sealed.receivedMinMs,
      lastReceivedAtMs: sealed.receivedMaxMs,
      writtenBy: "homeport",
      userFilter: deps.userFilter(users),
    },
    sealed.dayMs,
  );
  return finish(deps, sealed, recorded);
}

/** The file stands where the catalogue says; every other location that was tried is suspect. */
async function finish(
  deps: ArchiverDeps,
  sealed: SealedFile,
  recorded: ArchiveFile,
): Promise<ArchiveOutcome> {
  // A deletion may have rewritten the file since it was recorded.
  const writtenSha256 = recorded.originalSha256 ?? recorded.ndjsonSha256;
  if (writtenSha256 !== sealed.ndjsonSha256) return { kind: "conflict", key: sealed.key };
  const location = placeOf(recorded);
  const suspects = sealed.tried.filter((tried) => tried !== location);
  if (suspects.length > 0) await deps.suspect(sealed, suspects);
  deps.transaction(() => deps.files.archived(sealed));
  return { kind: "archived", file: sealed, location };
}

import type { BuiltFile } from "../../archive/file-builder.ts";
import type { ArchiveFile, RecordedFile } from "../../archive/archive-file.ts";
import type { SourceId } from "../../core/ids.ts";
import type { ArchiveLocation } from "../../region/regions.ts";
import type { PutFailure } from "../../s3/failures.ts";
import type { Result } from "../../core/result.ts";
import type { FileTable, SealedFile } from "./file-table.ts";
import type { QueueLog } from "./queue-log.ts";
import { buildRange, type BuiltRange } from "./range-builder.ts";
import type { SealRule } from "./seal.ts";

/** What the archiver needs of the outside, in domain words. */
export type ArchiverDeps = {
  readonly sourceId: SourceId;
  readonly log: QueueLog;
  readonly files: FileTable;
  readonly rule: SealRule;
  transaction(work: () => void): void;
  /** Resolves when everything written so far is on disk. */
  sync(): Promise<void>;
  /** The locations the source's files may go to, in order; empty while the config is not known. */
  locations(): readonly ArchiveLocation[];
  keyFor(dayMs: number, firstSeq: number, lastSeq: number): string;
  put(
    location: ArchiveLocation,
    key: string,
    file: BuiltFile,
  ): Promise<Result<unknown, PutFailure>>;
  /** The SHA-256 of the NDJSON that the object says it holds, if it is there. */
  storedSha256(location: ArchiveLocation, key: string): Promise<string | undefined>;
  inCatalogue(key: string, dayMs: number): Promise<ArchiveFile | undefined>;
  record(file: RecordedFile, dayMs: number): Promise<ArchiveFile>;
  userFilter(hashes: Uint8Array): Uint8Array;
};

/** What became of one attempt to archive the oldest waiting range. */
export type ArchiveOutcome =
  | { readonly kind: "idle" }
  | { readonly kind: "archived"; readonly file: SealedFile }
  | { readonly kind: "retry"; readonly why: string }
  /** Other queues of this isolate are building files, and memory is bounded. */
  | { readonly kind: "busy" }
  /** An object of that name holds other events. Nothing is overwritten; someone has to look. */
  | { readonly kind: "conflict"; readonly key: string };

/**
 * Turns the oldest waiting range of the log into one archive file. Crash-safe by its order: range,
 * name and location are on disk before the PUT; the PUT never overwrites; the catalogue is told
 * before the cursor moves; so after a kill at any instant the same range is found and finished
 * under the same name.
 */
export async function archiveNext(deps: ArchiverDeps): Promise<ArchiveOutcome> {
  const interrupted = deps.files.sealed();
  const [location] = deps.locations();
  if (location === undefined) return { kind: "retry", why: "no location is known" };
  if (interrupted !== undefined) {
    const known = await deps.inCatalogue(interrupted.key, interrupted.dayMs);
    if (known !== undefined) return finish(deps, interrupted, known);
  }
  const range = await buildRange(deps, interrupted);
  if (range === undefined) return { kind: "idle" };
  if (interrupted === undefined) deps.files.seal({ ...range.sealed, tried: [location] });
  const stray = await findElsewhere(deps, range.sealed, location);
  if (stray !== undefined) return record(deps, range, stray);
  const sealed = deps.files.willTry(
    interrupted ?? { ...range.sealed, tried: [location] },
    location,
  );
  await deps.sync();
  return upload(deps, { ...range, sealed }, location);
}

/**
 * Where an earlier PUT left the file, when its answer was lost and the source's first location has
 * changed since. What cannot be asked now stays among the locations tried.
 */
async function findElsewhere(
  deps: ArchiverDeps,
  sealed: SealedFile,
  location: ArchiveLocation,
): Promise<ArchiveLocation | undefined> {
  for (const tried of sealed.tried) {
    if (tried === location) continue;
    if ((await deps.storedSha256(tried, sealed.key)) === sealed.ndjsonSha256) return tried;
  }
  return undefined;
}

async function upload(
  deps: ArchiverDeps,
  range: BuiltRange,
  location: ArchiveLocation,
): Promise<ArchiveOutcome> {
  const { sealed, built } = range;
  const put = await deps.put(location, sealed.key, built);
  if (!put.ok && put.error.kind !== "already-exists") {
    return { kind: "retry", why: describe(put.error) };
  }
  if (!put.ok) {
    const stored = await deps.storedSha256(location, sealed.key);
    if (stored === undefined) return { kind: "retry", why: "the object could not be read back" };
    if (stored !== sealed.ndjsonSha256) return { kind: "conflict", key: sealed.key };
  }
  return record(deps, range, location);
}

async function record(
  deps: ArchiverDeps,
  { sealed, built, users }: BuiltRange,
  location: ArchiveLocation,
): Promise<ArchiveOutcome> {
  const recorded = await deps.record(
    {
      sourceId: deps.sourceId,
      key: sealed.key,
      location,
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

function finish(deps: ArchiverDeps, sealed: SealedFile, recorded: ArchiveFile): ArchiveOutcome {
  if (recorded.ndjsonSha256 !== sealed.ndjsonSha256) return { kind: "conflict", key: sealed.key };
  deps.transaction(() => deps.files.archived(sealed));
  return { kind: "archived", file: sealed };
}

function describe(failure: PutFailure): string {
  return failure.kind === "refused"
    ? `refused with ${failure.status} ${failure.code}`
    : failure.kind;
}

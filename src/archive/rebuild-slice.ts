import type { SourceId } from "../core/ids.ts";
import { ok, type Result } from "../core/result.ts";
import type { ArchiveLocation } from "../region/regions.ts";
import { placeOf, splitPlace, type ArchivePlace } from "../region/own-bucket.ts";
import type { Bucket } from "../s3/bucket.ts";
import type { BucketFailure, NotFound } from "../s3/failures.ts";
import type { ListedObject } from "../s3/list-xml.ts";
import type { ArchiveFile, RecordedFile } from "./archive-file.ts";
import type { HeldFile } from "./catalogue.ts";
import { monthOf, parseKey, type LogKey } from "./key.ts";
import { readLines, type FileFault } from "./read-lines.ts";
import {
  advance,
  end,
  leaveLocation,
  needsNoMarker,
  placeOfJob,
  markerKeyOf,
  postpone,
  prefixOfJob,
  type EntryOutcome,
  type RebuildJob,
} from "./rebuild.ts";
import { summariseFile, type FileSummary } from "./summarise-file.ts";
import type { NewSuspects } from "./suspects.ts";

/** What a rebuild reaches, in domain words. */
export type RebuildDeps = {
  bucket(place: ArchivePlace): Promise<Pick<Bucket, "list" | "get">>;
  /** Those of the keys that the month's catalogue holds, and where. */
  held(month: string, keys: readonly string[]): Promise<readonly HeldFile[]>;
  record(month: string, file: RecordedFile): Promise<ArchiveFile>;
  /** Has copies that the catalogue does not count checked, and removed. */
  suspect(month: string, suspects: readonly NewSuspects[]): Promise<void>;
  /** Called with the job after each object: what is saved last is where a slice resumes. */
  save(job: RebuildJob): void;
  now(): number;
  /** Whether the slice's time is over; asked between objects. */
  isOver(): boolean;
};

/** Objects listed at once: few enough that listing them again after a slice costs nothing. */
const PAGE_MAX = 200;
/** A file that cannot be read to its end this often in a row is left out. */
const READS_MAX = 5;
/** For one file: 100 MB at 1 MB/s with room. */
const READ_MS_MAX = 300_000;

type Step = { readonly job: RebuildJob; readonly goesOn: boolean };

/**
 * Goes on with a rebuild until its slice is over, it is done, or something is in its way. Every step
 * is saved, and a step done twice does nothing the second time, so a kill at any instant costs one
 * file's reading at most.
 */
export async function runSlice(start: RebuildJob, deps: RebuildDeps): Promise<RebuildJob> {
  let step: Step = { job: start, goesOn: true };
  while (step.goesOn && step.job.progress.state === "running" && !deps.isOver()) {
    step = await runPage(step.job, deps);
    deps.save(step.job);
  }
  return step.job;
}

async function runPage(job: RebuildJob, deps: RebuildDeps): Promise<Step> {
  const place = placeOfJob(job);
  if (place === undefined) return { job: leaveLocation(job, deps.now()), goesOn: false };
  const bucket = await deps.bucket(place);
  if (job.progress.segmentSourceId !== undefined && job.afterKey === undefined) {
    const claim = needsNoMarker(place)
      ? ok(true)
      : await checkMarker(job, job.progress.segmentSourceId, bucket);
    if (!claim.ok) return stop(job, claim.error, deps);
    if (!claim.value) return { job: leaveLocation(job, deps.now()), goesOn: true };
    job = { ...job, isClaimed: true };
  }
  const { afterKey } = job;
  const after = afterKey === undefined ? {} : { after: afterKey };
  const page = await bucket.list(prefixOfJob(job), { ...after, max: PAGE_MAX });
  if (!page.ok) return stop(job, page.error, deps);
  const held = await heldFiles(page.value.entries, deps);
  await suspectCopies(job, held, place, deps);
  for (const entry of page.value.entries) {
    if (deps.isOver()) return { job, goesOn: false };
    const taken = held.has(entry.key)
      ? { outcome: { kind: "skipped" } as const }
      : await takeEntry(job, entry, place, bucket, deps);
    if ("failure" in taken) return stop(job, taken.failure, deps);
    job = advance(job, entry.key, taken.outcome, deps.now());
    deps.save(job);
  }
  if (page.value.next === undefined) job = leaveLocation(job, deps.now());
  return { job, goesOn: true };
}

/** What is refused stays refused, so the rebuild fails; all else may pass, so it waits. */
function stop(job: RebuildJob, failure: BucketFailure, deps: RebuildDeps): Step {
  const nowMs = deps.now();
  const stopped =
    failure.kind === "refused"
      ? end(job, "failed", failure.code, nowMs)
      : postpone(job, failure.code, nowMs);
  return { job: stopped, goesOn: false };
}

async function heldFiles(
  entries: readonly ListedObject[],
  deps: RebuildDeps,
): Promise<ReadonlyMap<string, ArchivePlace>> {
  const keys = entries.map(({ key }) => key).filter((key) => parseKey(key) !== undefined);
  const held = new Map<string, ArchivePlace>();
  for (const [month, ofMonth] of byMonth(keys)) {
    for (const file of await deps.held(month, ofMonth)) held.set(file.key, placeOf(file));
  }
  return held;
}

/** Objects of ours whose file the catalogue has elsewhere: they were left by a PUT in doubt. */
async function suspectCopies(
  { sourceId }: Pick<RebuildJob, "sourceId">,
  held: ReadonlyMap<string, ArchivePlace>,
  place: ArchivePlace,
  deps: RebuildDeps,
): Promise<void> {
  const { location, own } = splitPlace(place);
  // In a bucket of the customer's nothing is left in doubt, so nothing is looked for and removed.
  if (own !== undefined) return;
  const copies = Array.from(held)
    .filter(([key, keptAt]) => isOtherCopy(keptAt, location) && isOurs(key, sourceId))
    .map(([key]) => key);
  for (const [month, keys] of byMonth(copies)) {
    await deps.suspect(
      month,
      keys.map((key) => ({ key, locations: [location] })),
    );
  }
}

/** A file that a bucket of the customer's holds is not compared with the platform's. */
function isOtherCopy(keptAt: ArchivePlace, location: ArchiveLocation): boolean {
  return splitPlace(keptAt).own === undefined && keptAt !== location;
}

/** Only what Homeport wrote for this very source may ever be removed by it. */
function isOurs(key: string, sourceId: SourceId): boolean {
  const parsed = parseKey(key);
  return parsed?.writtenBy === "homeport" && parsed.name.sourceId === sourceId;
}

function byMonth(keys: readonly string[]): ReadonlyMap<string, readonly string[]> {
  return Map.groupBy(keys, (key) => monthOf(parseKey(key)?.dayMs ?? 0));
}

type Taken = { readonly outcome: EntryOutcome } | { readonly failure: BucketFailure };

async function takeEntry(
  job: RebuildJob,
  { key, size }: ListedObject,
  place: ArchivePlace,
  bucket: Pick<Bucket, "get">,
  deps: RebuildDeps,
): Promise<Taken> {
  const parsed = parseKey(key);
  if (parsed === undefined) return { outcome: { kind: "skipped" } };
  const { location, own } = splitPlace(place);
  const read = await readFile(key, job.fingerprintKey, bucket);
  if (!read.ok) return missing(read.error);
  const { summary, promised } = read.value;
  if (!summary.ok && summary.error === "interrupted" && job.failures + 1 < READS_MAX) {
    return { failure: { kind: "unavailable", status: undefined, code: "interrupted" } };
  }
  const why = summary.ok ? mismatch(summary.value, promised) : summary.error;
  if (!summary.ok || why !== undefined) {
    return { outcome: { kind: "unreadable", file: { key, location, why: why ?? "unknown" } } };
  }
  const file = recordedFile(
    job,
    parsed,
    { key, location, ...(own === undefined ? {} : { ownBucket: own }), gzipBytes: size },
    summary.value,
  );
  const recorded = await deps.record(monthOf(parsed.dayMs), file);
  // Where another location's copy was first, this one is a stray and no second file.
  await suspectCopies(job, new Map([[key, placeOf(recorded)]]), place, deps);
  const isNew = placeOf(recorded) === place;
  return { outcome: { kind: isNew ? "recorded" : "read", bytes: summary.value.rawBytes } };
}

type Read = {
  readonly summary: Result<FileSummary, FileFault>;
  /** The SHA-256 of the NDJSON that the object's metadata gives. */
  readonly promised: string | undefined;
};

async function readFile(
  key: string,
  fingerprintKey: string,
  bucket: Pick<Bucket, "get">,
): Promise<Result<Read, NotFound | BucketFailure>> {
  const timeout = new AbortController();
  // Not AbortSignal.timeout(), whose timer would keep the object awake long after the file is read.
  const timer = setTimeout(() => timeout.abort(), READ_MS_MAX);
  try {
    const object = await bucket.get(key, { signal: timeout.signal });
    if (!object.ok) return object;
    const summary = await summariseFile(object.value.body, fingerprintKey);
    return ok({ summary, promised: object.value.meta.get("ndjson-sha256") });
  } finally {
    clearTimeout(timer);
  }
}

function missing(failure: NotFound | BucketFailure): Taken {
  return failure.kind === "not-found" ? { outcome: { kind: "skipped" } } : { failure };
}

function mismatch(summary: FileSummary, promised: string | undefined): string | undefined {
  return promised === undefined || promised === summary.ndjsonSha256 ? undefined : "hash-mismatch";
}

function recordedFile(
  { sourceId }: RebuildJob,
  { dayMs, writtenBy }: LogKey,
  where: Pick<RecordedFile, "key" | "location" | "ownBucket" | "gzipBytes">,
  summary: FileSummary,
): RecordedFile {
  return {
    ...where,
    sourceId,
    events: summary.events,
    rawBytes: summary.rawBytes,
    ndjsonSha256: summary.ndjsonSha256,
    firstReceivedAtMs: summary.firstReceivedAtMs ?? dayMs,
    lastReceivedAtMs: summary.lastReceivedAtMs ?? dayMs,
    writtenBy,
    userFilter: summary.userFilter,
  };
}

async function checkMarker(
  { sourceId }: RebuildJob,
  segmentSourceId: string,
  bucket: Pick<Bucket, "get">,
): Promise<Result<boolean, BucketFailure>> {
  const object = await bucket.get(markerKeyOf(segmentSourceId));
  if (!object.ok) {
    const { error } = object;
    return error.kind === "not-found" ? { ok: true, value: false } : { ok: false, error };
  }
  for await (const [line] of readLines(object.value.body)) {
    return { ok: true, value: new TextDecoder().decode(line).trim() === sourceId };
  }
  return { ok: true, value: false };
}

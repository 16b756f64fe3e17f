import { gzipSync } from "node:zlib";

import { usersOf } from "../src/archive/event-users.ts";
import { readLines } from "../src/archive/read-lines.ts";
import { hashSubjects, isAbout, type Subjects } from "../src/archive/subjects.ts";
import { buildUserFilter, matchesAny, prepareUsers } from "../src/archive/user-filter.ts";
import { concatBytes } from "../src/core/bytes.ts";
import type { Result } from "../src/core/result.ts";
import { scrubStorage } from "../src/core/scrub-storage.ts";
import { readStored } from "../src/core/stored-json.ts";
import { eventInDeadLetter, readDeadLetter } from "../src/deliver/lane/dead-letter.ts";
import type { LaneEntry } from "../src/deliver/lane/entry.ts";
import type { LaneStorage } from "../src/deliver/lane/lane-storage.ts";
import type { LaneForgetting } from "../src/deliver/lane/ports.ts";
import type { ArchiveLocation } from "../src/region/regions.ts";
import type { Bucket } from "../src/s3/bucket.ts";
import type { BucketFailure } from "../src/s3/failures.ts";
import type { DeadFile, DeadLettersTable } from "./storage/dead-letters-table.ts";

export type ForgettingDeps = {
  readonly storage: DurableObjectStorage;
  readonly lane: LaneStorage;
  readonly table: DeadLettersTable;
  readonly bucket: (location: ArchiveLocation) => Bucket;
  /** The source's, which keys the hashes in filters. */
  readonly fingerprintKey: string;
};

const decoder = new TextDecoder();

const OBJECT = { contentType: "text/plain", contentEncoding: "gzip" } as const;
const EMPTY = gzipSync(new Uint8Array());

/**
 * Takes users out of what one lane keeps: events that wait for a retry, dead letters that gather, and
 * files of dead letters; looks whether any is left; and overwrites what was given free. Nothing else
 * of the lane may run meanwhile.
 *
 * @throws Error when a bucket does not answer; what is done stays done.
 */
export async function forgetInLane(
  subjects: Subjects,
  deps: ForgettingDeps,
): Promise<LaneForgetting> {
  const { storage, lane, table } = deps;
  const isKept = (entry: LaneEntry): boolean => !isOf(subjects, entry.line);
  let erased = lane.keepWaiting(isKept);
  storage.transactionSync(() => {
    lane.setState("sample", "null");
    erased += table.keepEntries(isKept);
  });
  let isClean = true;
  let error: string | undefined;
  const query = prepareUsers(hashSubjects(subjects, deps.fingerprintKey));
  for (const file of table.files()) {
    // What is about to be written is looked at once that is over.
    if (file.state === "sealed" && file.tried.length > 0) isClean = false;
    else if (file.location !== undefined && matchesAny(table.usersOf(file.key), query)) {
      const rewritten = await rewriteDeadFile(file, file.location, subjects, deps);
      erased += rewritten.removed;
      error ??= rewritten.error;
    }
  }
  if (error !== undefined) return { isClean: false, erased, error };
  const left = await countInLane(subjects, deps);
  if (!isClean || left > 0) return { isClean: false, erased };
  const nextTurn = (): Promise<void> => scheduler.wait(0);
  await scrubStorage(storage, { freeBytes: lane.freeBytes, nextTurn });
  return { isClean: true, erased };
}

/** Events of the users that one lane still keeps, wherever it keeps them. */
async function countInLane(subjects: Subjects, deps: ForgettingDeps): Promise<number> {
  const { lane, table, bucket } = deps;
  let left = 0;
  const look = (entries: readonly LaneEntry[]): void => {
    left += entries.filter(({ line }) => isOf(subjects, line)).length;
  };
  for (const { entries } of lane.allWaiting()) look(entries);
  for (const entries of table.allEntries()) look(entries);
  const query = prepareUsers(hashSubjects(subjects, deps.fingerprintKey));
  for (const { key, location } of table.files()) {
    if (location === undefined || !matchesAny(table.usersOf(key), query)) continue;
    const object = await bucket(location).get(key);
    if (!object.ok && object.error.kind === "not-found") continue;
    if (!object.ok) throw new Error("Cannot forget: a bucket does not answer");
    for await (const lines of readLines(object.value.body)) {
      left += lines.filter((line) => isLetterOf(subjects, decoder.decode(line))).length;
    }
  }
  return left;
}

async function rewriteDeadFile(
  file: DeadFile,
  location: ArchiveLocation,
  subjects: Subjects,
  { bucket, table, fingerprintKey }: ForgettingDeps,
): Promise<RewrittenFile> {
  const { key } = file;
  for (const other of file.tried.filter((tried) => tried !== location)) {
    const error = await putEmpty(bucket(other), key);
    if (error !== undefined) return { removed: 0, error };
  }
  const object = await bucket(location).get(key);
  if (!object.ok && object.error.kind === "not-found") {
    if (object.error.isMarked !== true) return { removed: 0 };
    return { removed: 0, ...asError(refusalOf(await bucket(location).removeOlder(key))) };
  }
  if (!object.ok) throw new Error("Cannot forget: a bucket does not answer");
  const { etag, versionId } = object.value;
  const lines: string[] = [];
  for await (const some of readLines(object.value.body)) {
    lines.push(...some.map((line) => decoder.decode(line)));
  }
  const kept = lines.filter((line) => !isLetterOf(subjects, line));
  if (kept.length === lines.length) {
    // An earlier try may have written it, and not have come to remove what it wrote over.
    if (versionId === undefined) return { removed: 0 };
    return { removed: 0, ...asError(refusalOf(await bucket(location).removeOlder(key))) };
  }
  const text = kept.map((line) => `${line}\n`).join("");
  const gzip = gzipSync(new TextEncoder().encode(text));
  const put = await bucket(location).replace(key, gzip, etag, OBJECT);
  if (!put.ok) throw new Error("Cannot forget: a bucket did not take a file");
  const removed = lines.length - kept.length;
  if (versionId !== undefined || put.value.versionId !== undefined) {
    const error = refusalOf(await bucket(location).removeOlder(key));
    // Until it is noted as rewritten, every repetition comes back to this file.
    if (error !== undefined) return { removed, error };
  }
  table.rewrote(key, kept.length, usersIn(kept.map(eventInDeadLetter), fingerprintKey));
  return { removed };
}

/**
 * Puts an empty file where an earlier try may have left a copy, which nobody reads and which would hold
 * users for ever. Where none stands one may land yet: it is refused because something stands there.
 */
async function putEmpty(bucket: Bucket, key: string): Promise<string | undefined> {
  const put = await bucket.putNew(key, EMPTY, OBJECT);
  if (!put.ok && put.error.kind === "refused") return put.error.code;
  if (!put.ok) {
    const copy = put.error.kind === "already-exists" ? await bucket.head(key) : undefined;
    if (copy?.ok !== true) throw new Error("Cannot forget: a bucket does not answer");
    const replaced = await bucket.replace(key, EMPTY, copy.value.etag, OBJECT);
    if (!replaced.ok) throw new Error("Cannot forget: a bucket did not take a file");
  }
  return refusalOf(await bucket.removeOlder(key));
}

/** Letters that were taken out of a file; a code when versions of it stay in the bucket. */
type RewrittenFile = { readonly removed: number; readonly error?: string };

/** Why a bucket will not remove versions; the code names the right that is missing. */
function refusalOf(removed: Result<undefined, BucketFailure>): string | undefined {
  if (removed.ok) return undefined;
  if (removed.error.kind === "refused") return removed.error.code;
  throw new Error("Cannot forget: a bucket does not answer");
}

function asError(error: string | undefined): { readonly error?: string } {
  return error === undefined ? {} : { error };
}

function isLetterOf(subjects: Subjects, line: string): boolean {
  return readDeadLetter(line) !== undefined && isOf(subjects, eventInDeadLetter(line));
}

function isOf(subjects: Subjects, line: string): boolean {
  return isAbout(subjects, usersOf(readStored<Record<string, unknown>>(line), line));
}

/** The filter of the users in these events, hashed as those of archive files are. */
export function usersIn(lines: readonly string[], fingerprintKey: string): Uint8Array {
  const hashes = lines.flatMap((line) => {
    const { userIds, anonymousIds } = usersOf(readStored<Record<string, unknown>>(line), line);
    return [
      hashSubjects({ type: "USER_ID", ids: new Set(userIds) }, fingerprintKey),
      hashSubjects({ type: "ANONYMOUS_ID", ids: new Set(anonymousIds) }, fingerprintKey),
    ];
  });
  return buildUserFilter(concatBytes(hashes));
}

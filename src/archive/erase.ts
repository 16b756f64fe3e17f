import type { Bucket } from "../s3/bucket.ts";
import type { ArchiveFile, RecordedFile } from "./archive-file.ts";
import type { MatchPage } from "./catalogue.ts";
import { eraseFile, type ErasedFile } from "./erase-file.ts";
import { hashSubjects, type Subjects } from "./subjects.ts";

/** Where an erasure is in the months of an archive; kept by whoever asks for it. */
export type ErasePosition = {
  readonly month: string;
  /** As a search of the month's filters goes on. */
  readonly after?: string;
  /** Set once nothing is left to do in the month. */
  readonly isOver?: true;
};

/** What one slice of an erasure did. */
export type ErasedSlice = {
  readonly isOver: boolean;
  /** What to hand in next; absent at the beginning, and once it is over. */
  readonly position?: ErasePosition;
  readonly counts: EraseCounts;
};

export type EraseCounts = {
  /** Files that were read because their filter said that they may hold one of the users. */
  readonly filesRead: number;
  readonly filesRewritten: number;
  readonly eventsErased: number;
  readonly bytesRead: number;
};

export type EraseDeps = {
  readonly subjects: Subjects;
  readonly fingerprintKey: string;
  /** Every month that has files, oldest first. */
  months(): Promise<readonly string[]>;
  matching(month: string, hashes: Uint8Array, after: string | undefined): Promise<MatchPage>;
  /** The bucket that holds the file. */
  bucket(file: ArchiveFile): Promise<Pick<Bucket, "get" | "replace">>;
  /** Records what became of a file; durable once it resolves. */
  rewrote(month: string, file: RecordedFile): Promise<void>;
  /** Whether this slice is over; asked between files. */
  isOver(): boolean;
  /** Called before each file; false when the turn is somebody else's now. */
  mayGoOn(): Promise<boolean>;
};

/** A bucket did not do what it was asked, so the file is tried again later. */
export class EraseFault extends Error {}

/** Times that a file is read again at once because somebody else replaced it meanwhile. */
const CHANGES_MAX = 3;

/**
 * Takes users out of the archive, file by file, as far as the slice goes. Only files whose filter
 * matches are opened. A kill at any instant repeats one file at most: what was written and not
 * recorded is found by its hash and recorded then.
 *
 * @throws EraseFault when a bucket does not answer; the position of the slice's beginning still holds.
 */
export async function eraseSlice(
  from: ErasePosition | undefined,
  deps: EraseDeps,
): Promise<ErasedSlice> {
  const hashes = hashSubjects(deps.subjects, deps.fingerprintKey);
  const counts = { filesRead: 0, filesRewritten: 0, eventsErased: 0, bytesRead: 0 };
  let position = from;
  for (const month of await deps.months()) {
    const isPast = position !== undefined && month < position.month;
    if (isPast || (position?.month === month && position.isOver === true)) continue;
    let after = position?.month === month ? position.after : undefined;
    for (;;) {
      const page = await deps.matching(month, hashes, after);
      for (const file of page.files) {
        if (deps.isOver() || !(await deps.mayGoOn())) {
          return { isOver: false, ...(position === undefined ? {} : { position }), counts };
        }
        await eraseOne(month, file, deps, counts);
      }
      after = page.next;
      position = after === undefined ? { month, isOver: true } : { month, after };
      if (after === undefined) break;
    }
  }
  return { isOver: true, counts };
}

async function eraseOne(
  month: string,
  file: ArchiveFile,
  deps: EraseDeps,
  counts: { -readonly [K in keyof EraseCounts]: number },
): Promise<void> {
  const bucket = await deps.bucket(file);
  for (let i = 0; i < CHANGES_MAX; i++) {
    const object = await bucket.get(file.key);
    // Retention, or the customer, removed it: nothing of anybody is left in it.
    if (!object.ok && object.error.kind === "not-found") return;
    if (!object.ok) throw new EraseFault("bucket");
    const erased = await eraseFile(object.value.body, deps.subjects, deps.fingerprintKey);
    if (!erased.ok) throw new EraseFault(erased.error);
    counts.filesRead += 1;
    counts.bytesRead += object.value.size ?? 0;
    const { removed, readSha256, built } = erased.value;
    if (removed === 0) {
      // An earlier life wrote it and did not come to record it.
      const isRecorded = readSha256 === file.ndjsonSha256;
      if (!isRecorded) await deps.rewrote(month, recordOf(file, erased.value));
      return;
    }
    const put = await bucket.replace(file.key, built.gzip, object.value.etag, {
      contentType: "text/plain",
      contentEncoding: "gzip",
      meta: { "ndjson-sha256": built.ndjsonSha256 },
    });
    if (put.ok) {
      await deps.rewrote(month, recordOf(file, erased.value));
      counts.filesRewritten += 1;
      counts.eventsErased += removed;
      return;
    }
    if (put.error.kind !== "changed") throw new EraseFault("bucket");
  }
  throw new EraseFault("changed");
}

/** The file as the catalogue has to know it now; an empty one keeps the times of its events. */
function recordOf(file: ArchiveFile, { built, summary }: ErasedFile): RecordedFile {
  return {
    ...file,
    events: summary.events,
    rawBytes: built.rawBytes,
    gzipBytes: built.gzip.byteLength,
    ndjsonSha256: built.ndjsonSha256,
    firstReceivedAtMs: summary.firstReceivedAtMs ?? file.firstReceivedAtMs,
    lastReceivedAtMs: summary.lastReceivedAtMs ?? file.lastReceivedAtMs,
    userFilter: summary.userFilter,
  };
}

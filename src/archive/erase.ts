import type { Bucket } from "../s3/bucket.ts";
import type { BucketFailure, NotFound } from "../s3/failures.ts";
import type { ArchiveFile, RecordedFile } from "./archive-file.ts";
import type { MatchPage } from "./catalogue.ts";
import { eraseFile, type ErasedFile } from "./erase-file.ts";
import type { EraseLog, ErasedTotals } from "./erase-log.ts";
import type { Spool } from "./spool.ts";
import { hashSubjects, SubjectFinder, type Subjects } from "./subjects.ts";
import { walkMatching, type WalkDeps, type WalkPosition } from "./walk-files.ts";

/** What one slice of an erasure did. */
export type ErasedSlice = {
  readonly isOver: boolean;
  /** What to hand in next; absent at the beginning, and once it is over. */
  readonly position?: WalkPosition;
  readonly counts: EraseCounts;
  /** Of the whole erasure so far, each file once however often it was interrupted. */
  readonly totals: ErasedTotals;
  /** A code: why it stopped, when something did not do what it was asked. */
  readonly failure?: string;
};

export type EraseCounts = {
  /** Files that were read because their filter said that they may hold one of the users. */
  readonly filesRead: number;
  readonly bytesRead: number;
};

export type EraseDeps = Omit<WalkDeps, "matching"> & {
  readonly subjects: Subjects;
  readonly fingerprintKey: string;
  readonly log: EraseLog;
  matching(month: string, hashes: Uint8Array, after: string | undefined): Promise<MatchPage>;
  find(month: string, key: string): Promise<ArchiveFile | undefined>;
  /** The bucket that holds the file. */
  bucket(file: ArchiveFile): Promise<Pick<Bucket, "get" | "removeOlder" | "replace">>;
  /** Records what became of a file; durable once it resolves. */
  rewrote(month: string, file: RecordedFile): Promise<void>;
  /** Room for what is on its way from one reading to one writing. */
  spool(): Spool;
};

/** A bucket did not do what it was asked, so the file is tried again later. The message is a code. */
export class EraseFault extends Error {}

/** A file as it was read, without the users; what it is in the bucket. */
type ReadFile = {
  readonly etag: string;
  /** Whether the bucket keeps versions, or did so once. */
  readonly isVersioned: boolean;
  readonly erased: ErasedFile;
};

/** Times that a file is read again at once because somebody else replaced it meanwhile. */
const CHANGES_MAX = 3;

/** Of reading one file; at a megabyte a second the largest is over before. */
export const READ_MS_MAX = 120_000;

/**
 * Takes users out of the archive, file by file, as far as the slice goes. Only files whose filter
 * matches are opened. A kill at any instant repeats the files in hand: what was written and not
 * recorded is found by its hash, recorded then, and counted once.
 */
export async function eraseSlice(
  from: WalkPosition | undefined,
  deps: EraseDeps,
): Promise<ErasedSlice> {
  await settleWritten(deps);
  const hashes = hashSubjects(deps.subjects, deps.fingerprintKey);
  const finder = new SubjectFinder(deps.subjects, hashes);
  const counts = { filesRead: 0, bytesRead: 0 };
  const reading = new OneAtATime();
  const walked = await walkMatching(
    from,
    {
      months: () => deps.months(),
      matching: (month, after) => deps.matching(month, hashes, after),
      isOver: () => deps.isOver(),
      mayGoOn: () => deps.mayGoOn(),
    },
    (month, file) => eraseOne(month, file, { finder, reading, counts }, deps),
  );
  const { failure, ...rest } = walked;
  if (failure !== undefined && !(failure instanceof EraseFault)) throw failure;
  return {
    ...rest,
    counts,
    totals: deps.log.totals(),
    ...(failure === undefined ? {} : { failure: failure.message }),
  };
}

/** What the files of one slice share. */
type EraseWork = {
  readonly finder: SubjectFinder;
  readonly reading: OneAtATime;
  readonly counts: { -readonly [K in keyof EraseCounts]: number };
};

/** Runs what it is given one after another. */
class OneAtATime {
  #last: Promise<unknown> = Promise.resolve();

  run<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(work);
    // Whoever comes next does not hear how this one ended.
    this.#last = mine.catch(() => undefined);
    return mine;
  }
}

/** What an earlier life wrote and recorded, and did not come to count. */
async function settleWritten(deps: Pick<EraseDeps, "log" | "find">): Promise<void> {
  const { log } = deps;
  for (const { month, key, after } of log.written()) {
    const file = await deps.find(month, key);
    if (file?.ndjsonSha256 === after) log.recorded(key, after);
  }
}

async function eraseOne(
  month: string,
  file: ArchiveFile,
  work: EraseWork,
  deps: EraseDeps,
): Promise<void> {
  const bucket = await deps.bucket(file);
  let isAnyGzip = false;
  for (let i = 0; i < CHANGES_MAX; i++) {
    const spool = deps.spool();
    try {
      const read = await readOne(file, { bucket, spool, isAnyGzip }, work, deps);
      // Retention, or the customer, removed it: nothing of anybody is left in it.
      if (read === undefined) return;
      if (read === "not-in-pieces") {
        isAnyGzip = true;
        continue;
      }
      const to = { bucket, read, spool };
      if (await write(month, file, to, deps)) return;
    } finally {
      spool.drop();
    }
  }
  throw new EraseFault("changed");
}

type Reading = {
  readonly bucket: Pick<Bucket, "get" | "removeOlder">;
  readonly spool: Spool;
  /** Whether it was found not to be made of pieces, and so has to be compressed anew as a whole. */
  readonly isAnyGzip: boolean;
};

async function readOne(
  file: ArchiveFile,
  { bucket, spool, isAnyGzip }: Reading,
  { finder, reading, counts }: EraseWork,
  { fingerprintKey }: Pick<EraseDeps, "fingerprintKey">,
): Promise<ReadFile | "not-in-pieces" | undefined> {
  const abort = new AbortController();
  // Asked for before its turn, since a bucket takes a while to answer.
  const object = await bucket.get(file.key, { signal: abort.signal, isAsStored: !isAnyGzip });
  if (!object.ok && object.error.kind === "not-found") {
    if (object.error.isMarked === true) await removeOlder(file.key, bucket);
    return undefined;
  }
  if (!object.ok && !isAnyGzip && isNotOffered(object.error)) return "not-in-pieces";
  if (!object.ok) throw new EraseFault(`bucket-${object.error.kind}`);
  counts.filesRead += 1;
  counts.bytesRead += object.value.size ?? file.gzipBytes;
  const { body, etag, versionId } = object.value;
  const out = (gzip: Uint8Array): void => spool.append(gzip);
  // One file is read while others are written: reading keeps the processor busy, writing does not.
  return reading.run(async () => {
    const timer = setTimeout(() => abort.abort(), READ_MS_MAX);
    const erasing = { finder, fingerprintKey, out, isAnyGzip };
    const erased = await eraseFile(body, erasing).finally(() => clearTimeout(timer));
    if (erased.ok) return { etag, isVersioned: versionId !== undefined, erased: erased.value };
    if (erased.error === "not-in-pieces") return erased.error;
    throw new EraseFault(erased.error);
  });
}

/** Whether a service may have said no because it does not hand out objects as they are stored. */
function isNotOffered(failure: NotFound | BucketFailure): boolean {
  return "status" in failure && (failure.status === 400 || failure.status === 501);
}

/** Replaces the file that was read, and no other; false when somebody else was faster. */
async function write(
  month: string,
  file: ArchiveFile,
  to: {
    readonly bucket: Pick<Bucket, "removeOlder" | "replace">;
    readonly read: ReadFile;
    readonly spool: Spool;
  },
  deps: EraseDeps,
): Promise<boolean> {
  const { log } = deps;
  const { key } = file;
  const { erased } = to.read;
  const { removed, gzip } = erased;
  const after = gzip.rawSha256;
  if (removed === 0) {
    // An earlier life wrote it and did not come to record it, nor perhaps to remove what it wrote over.
    if (after !== file.ndjsonSha256) {
      if (to.read.isVersioned) await removeOlder(key, to.bucket);
      await deps.rewrote(month, recordOf(file, erased, to.spool));
    }
    log.recorded(key, after);
    return true;
  }
  log.writing({ month, key, removed, before: file.ndjsonSha256, after });
  const content = {
    bytes: gzip.gzipBytes,
    sha256: gzip.gzipSha256,
    read: () => to.spool.read(),
  };
  const put = await to.bucket.replace(key, content, to.read.etag, {
    contentType: "text/plain",
    contentEncoding: "gzip",
    // A queue that was set back knows the file by what it wrote, and writes it no second time.
    meta: {
      "ndjson-sha256": after,
      "original-sha256": file.originalSha256 ?? file.ndjsonSha256,
    },
  });
  if (!put.ok && put.error.kind === "changed") return false;
  if (!put.ok) throw new EraseFault(`bucket-${put.error.kind}`);
  // Before it is recorded: until then the catalogue leads every repetition back to this file.
  const isKept = to.read.isVersioned || put.value.versionId !== undefined;
  if (isKept) await removeOlder(key, to.bucket);
  await deps.rewrote(month, recordOf(file, erased, to.spool));
  log.recorded(key, after);
  return true;
}

/** Removes the versions that hold what the file was, in a bucket that keeps any. */
async function removeOlder(key: string, bucket: Pick<Bucket, "removeOlder">): Promise<void> {
  const removed = await bucket.removeOlder(key);
  if (removed.ok) return;
  const { kind, code } = removed.error;
  throw new EraseFault(kind === "refused" ? code : `bucket-${kind}`);
}

/** The file as the catalogue has to know it now; an empty one keeps the times of its events. */
function recordOf(
  file: ArchiveFile,
  { gzip, summary }: ErasedFile,
  { bytes }: Pick<Spool, "bytes">,
): RecordedFile {
  return {
    ...file,
    events: summary.events,
    rawBytes: gzip.rawBytes,
    gzipBytes: bytes,
    ndjsonSha256: gzip.rawSha256,
    firstReceivedAtMs: summary.firstReceivedAtMs ?? file.firstReceivedAtMs,
    lastReceivedAtMs: summary.lastReceivedAtMs ?? file.lastReceivedAtMs,
    userFilter: summary.userFilter,
  };
}

import { readStored } from "../core/stored-json.ts";
import type { Bucket, NewObject } from "../s3/bucket.ts";
import type { BucketFailure } from "../s3/failures.ts";
import type { ErasedFiles, EraseSlice } from "./deliverer.ts";

/** A folder that a destination writes files to. */
export type Folder = {
  readonly bucket: Pick<Bucket, "get" | "list" | "removeOlder" | "replace">;
  /** What every key in it begins with. */
  readonly prefix: string;
};

/** A file without some users: absent when none of them was in it. */
export type RewrittenFile = { readonly removed: number; readonly body: Uint8Array };

/** How files of a destination are told from others, read and written. */
export type FileKind = {
  isOurs(key: string): boolean;
  /** @throws Error when the file cannot be read to its end. */
  rewrite(file: ReadableStream<Uint8Array>): Promise<RewrittenFile | undefined>;
  readonly object: NewObject;
};

/**
 * Where a deletion is. Files are gone through once, and those that were written since it began once
 * more after `lateMs`: until then a write may still land that was sent before it began.
 */
type Position = {
  readonly pass: "all" | "late";
  readonly folder: number;
  readonly after?: string;
  readonly startedAtMs: number;
};

/** Keys of one page of a listing; S3's own end. */
const PAGE_MAX = 1_000;

/** Files that are read at once: each takes memory, and one of six connections. */
const READS_MAX = 4;

/** Clocks of a bucket and ours may differ, and a file's time may be when its writing began. */
const CLOCKS_MS = 3_600_000;

/** Times that a file is read again at once because somebody else replaced it meanwhile. */
const CHANGES_MAX = 3;

/**
 * On every file that a deletion wrote, as metadata: whoever finds such a file again cannot know whether
 * the life that wrote it came to remove what it wrote over, in a bucket that keeps that.
 */
const REWRITTEN = "homeport-rewritten";

/** Ends a slice at a file that could not be done; the whole page is gone through again. */
class FolderFault extends Error {
  readonly code: string;
  readonly isPassing: boolean;

  constructor(code: string, isPassing: boolean) {
    super(`Cannot erase in a folder: ${code}`);
    this.code = code;
    this.isPassing = isPassing;
  }
}

/**
 * Takes users out of every file of some folders, as far as a slice goes. A kill at any instant repeats
 * a page of files at most, and a file is only ever replaced by one that was made of what it holds.
 */
export async function eraseFolders(
  folders: readonly Folder[],
  kind: FileKind,
  slice: EraseSlice,
): Promise<ErasedFiles> {
  const counts = { filesRead: 0, filesRewritten: 0, eventsErased: 0, bytesRead: 0 };
  let position = readPosition(slice);
  const at = (): string => JSON.stringify(position);
  try {
    for (;;) {
      const { pass, folder, after, startedAtMs } = position;
      if (pass === "late" && slice.now() < startedAtMs + slice.lateMs) {
        return { kind: "slice", isOver: false, position: at(), counts };
      }
      const place = folders[folder];
      if (place === undefined && pass === "late") return { kind: "slice", isOver: true, counts };
      if (place === undefined) {
        position = { pass: "late", folder: 0, startedAtMs };
        continue;
      }
      if (slice.isOver()) return { kind: "slice", isOver: false, position: at(), counts };
      const page = await place.bucket.list(place.prefix, {
        ...(after === undefined ? {} : { after }),
        max: PAGE_MAX,
      });
      if (!page.ok) throw faultOf(page.error);
      const sinceMs = pass === "all" ? 0 : startedAtMs - CLOCKS_MS;
      const keys = page.value.entries
        .filter(({ key, lastModifiedMs }) => kind.isOurs(key) && lastModifiedMs >= sinceMs)
        .map(({ key }) => key);
      const last = await eraseKeys(keys, place, kind, slice, counts);
      const next = last ?? page.value.next;
      position =
        next === undefined
          ? { pass, folder: folder + 1, startedAtMs }
          : { pass, folder, after: next, startedAtMs };
    }
  } catch (error) {
    if (!(error instanceof FolderFault)) throw error;
    const { code, isPassing } = error;
    return { kind: isPassing ? "retry" : "refused", code, position: at(), counts };
  }
}

type Counts = { -readonly [K in keyof ErasedFiles["counts"]]: number };

/** Goes through files side by side; the last key that is done when the slice ended before the page did. */
async function eraseKeys(
  keys: readonly string[],
  place: Folder,
  kind: FileKind,
  slice: EraseSlice,
  counts: Counts,
): Promise<string | undefined> {
  for (let from = 0; from < keys.length; from += READS_MAX) {
    const some = keys.slice(from, from + READS_MAX);
    await Promise.all(some.map((key) => eraseKey(key, place, kind, counts)));
    if (slice.isOver() && from + READS_MAX < keys.length) return some.at(-1);
  }
  return undefined;
}

async function eraseKey(
  key: string,
  { bucket }: Folder,
  kind: FileKind,
  counts: Counts,
): Promise<void> {
  for (let i = 0; i < CHANGES_MAX; i++) {
    const object = await bucket.get(key);
    if (!object.ok) {
      // Whoever owns the bucket removed it: nothing of anybody is left in it.
      if (object.error.kind === "not-found") return;
      throw faultOf(object.error);
    }
    const rewritten = await kind.rewrite(object.value.body).catch(() => {
      // The cause may quote the file.
      throw new FolderFault("UNREADABLE", false);
    });
    counts.filesRead += 1;
    counts.bytesRead += object.value.size ?? 0;
    const { etag, meta, versionId } = object.value;
    if (rewritten === undefined) {
      if (versionId !== undefined && meta.has(REWRITTEN)) await removeOlder(key, bucket);
      return;
    }
    const put = await bucket.replace(key, rewritten.body, etag, {
      ...kind.object,
      meta: { [REWRITTEN]: "deletion" },
    });
    if (put.ok) {
      counts.filesRewritten += 1;
      counts.eventsErased += rewritten.removed;
      const isKept = versionId !== undefined || put.value.versionId !== undefined;
      if (isKept) await removeOlder(key, bucket);
      return;
    }
    if (put.error.kind !== "changed") throw faultOf(put.error);
  }
  throw new FolderFault("CHANGED", true);
}

/** Removes the versions that hold what the file was. */
async function removeOlder(key: string, bucket: Pick<Bucket, "removeOlder">): Promise<void> {
  const removed = await bucket.removeOlder(key);
  if (removed.ok) return;
  const { error } = removed;
  // The code names the right that is missing, which the status does not.
  throw error.kind === "refused" ? new FolderFault(error.code, false) : faultOf(error);
}

function faultOf(failure: BucketFailure): FolderFault {
  if (failure.kind === "unknown") return new FolderFault("ETIMEDOUT", true);
  const code = String(failure.status ?? "ECONNRESET");
  return new FolderFault(code, failure.kind === "unavailable");
}

function readPosition(slice: EraseSlice): Position {
  return slice.position === undefined
    ? { pass: "all", folder: 0, startedAtMs: slice.now() }
    : readStored<Position>(slice.position);
}

import type { ArchivePlace } from "../region/own-bucket.ts";
import type { Bucket } from "../s3/bucket.ts";
import type { BucketFailure } from "../s3/failures.ts";
import type { SweepPage } from "./retention.ts";

/** A file that is old enough, and where copies of it may stand. */
export type OldFile = {
  readonly key: string;
  readonly events: number;
  readonly gzipBytes: number;
  /** The catalogue's place first, then those of open suspects. */
  readonly places: readonly ArchivePlace[];
};

/** What the sweep of a month reaches. */
export type SweepDeps = {
  /** Files after that position, in an order that removals do not change; `max` at most. */
  old(after: string | undefined, max: number): readonly (OldFile & { readonly position: string })[];
  bucket(place: ArchivePlace): Promise<Pick<Bucket, "removeMany">>;
  /** Takes files out of the catalogue, with their filters and suspects, all or none of them. */
  forget(keys: readonly string[]): void;
};

/** Files of one call: as many as a bucket removes with one request. */
const PAGE_FILES_MAX = 1000;

/**
 * Removes files that are old enough: first the objects, wherever copies may stand and with every
 * version that a bucket keeps of them, then their rows. So a kill at any instant leaves rows whose
 * objects are gone at most, which the next sweep removes.
 */
export async function sweepMonth(deps: SweepDeps, after: string | undefined): Promise<SweepPage> {
  const found = deps.old(after, PAGE_FILES_MAX);
  const refused = new Map<string, string>();
  for (const [place, keys] of byPlace(found)) {
    const failure = await removeAt(await deps.bucket(place), keys, refused);
    // Rows stay until every copy is gone, so what was removed elsewhere is only asked for again.
    if (failure !== undefined) return unanswered(failure, after);
  }
  const removed = found.filter(({ key }) => !refused.has(key));
  deps.forget(removed.map(({ key }) => key));
  const [error] = refused.values();
  return {
    files: removed.length,
    events: sumOf(removed, ({ events }) => events),
    bytes: sumOf(removed, ({ gzipBytes }) => gzipBytes),
    refused: refused.size,
    error,
    isUnanswered: false,
    next: found.length < PAGE_FILES_MAX ? undefined : found.at(-1)?.position,
  };
}

/** Notes what the bucket will not remove; the failure, when it has to be asked again. */
async function removeAt(
  bucket: Pick<Bucket, "removeMany">,
  keys: readonly string[],
  refused: Map<string, string>,
): Promise<BucketFailure | undefined> {
  const removed = await bucket.removeMany(keys);
  if (removed.ok) {
    for (const [key, code] of removed.value.refused) refused.set(key, code);
    return undefined;
  }
  if (removed.error.kind !== "refused") return removed.error;
  for (const key of keys) refused.set(key, removed.error.code);
  return undefined;
}

function byPlace(files: readonly OldFile[]): ReadonlyMap<ArchivePlace, readonly string[]> {
  const keys = new Map<ArchivePlace, string[]>();
  for (const { key, places } of files) {
    for (const place of places) {
      const those = keys.get(place);
      if (those === undefined) keys.set(place, [key]);
      else those.push(key);
    }
  }
  return keys;
}

function unanswered({ code }: BucketFailure, after: string | undefined): SweepPage {
  const none = { files: 0, events: 0, bytes: 0, refused: 0 };
  return { ...none, error: code, isUnanswered: true, next: after };
}

function sumOf(files: readonly OldFile[], of: (file: OldFile) => number): number {
  return files.reduce((sum, file) => sum + of(file), 0);
}

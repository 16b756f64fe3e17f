import type { ArchiveLocation } from "../region/regions.ts";
import type { Bucket } from "../s3/bucket.ts";
import type { BucketFailure } from "../s3/failures.ts";
import type { SweepPage } from "./retention.ts";

/** A file that is old enough, and where copies of it may stand. */
export type OldFile = {
  readonly key: string;
  readonly events: number;
  readonly gzipBytes: number;
  /** The catalogue's location first, then those of open suspects. */
  readonly locations: readonly ArchiveLocation[];
};

/** What the sweep of a month reaches. */
export type SweepDeps = {
  /** Files after that position, in an order that removals do not change; `max` at most. */
  old(after: string | undefined, max: number): readonly (OldFile & { readonly position: string })[];
  bucket(location: ArchiveLocation): Pick<Bucket, "remove">;
  /** Takes a file out of the catalogue, with its filter and its suspects. */
  forget(key: string): void;
};

/** Files of one call: a few seconds of removals. */
const PAGE_FILES_MAX = 240;
/** Requests at once, as many as one object may have open. */
const AT_A_TIME = 6;

type Removal = "removed" | BucketFailure;

/**
 * Removes files that are old enough: first the object, wherever a copy may stand, then its row, so that
 * a kill at any instant leaves a row whose object is gone at most, which the next sweep removes.
 */
export async function sweepMonth(deps: SweepDeps, after: string | undefined): Promise<SweepPage> {
  const found = deps.old(after, PAGE_FILES_MAX);
  const total = { files: 0, events: 0, bytes: 0, refused: 0 };
  let error: string | undefined;
  for (let from = 0; from < found.length; from += AT_A_TIME) {
    const some = found.slice(from, from + AT_A_TIME);
    const removals = await Promise.all(some.map((file) => removeFile(file, deps)));
    let isUnanswered = false;
    for (const [i, file] of some.entries()) {
      const removal = removals[i];
      if (removal === "removed") {
        deps.forget(file.key);
        total.files += 1;
        total.events += file.events;
        total.bytes += file.gzipBytes;
      } else if (removal !== undefined) {
        error = removal.code;
        if (removal.kind === "refused") total.refused += 1;
        else isUnanswered = true;
      }
    }
    if (isUnanswered) return { ...total, error, isUnanswered, next: after };
  }
  const next = found.length < PAGE_FILES_MAX ? undefined : found.at(-1)?.position;
  return { ...total, error, isUnanswered: false, next };
}

async function removeFile({ key, locations }: OldFile, deps: SweepDeps): Promise<Removal> {
  for (const location of locations) {
    const removed = await deps.bucket(location).remove(key);
    if (!removed.ok) return removed.error;
  }
  return "removed";
}

import { regionOf, type SourceId } from "../core/ids.ts";
import type { OwnBucketName } from "../region/own-bucket.ts";
import { homeOf, type ArchiveLocation } from "../region/regions.ts";
import { monthOf, parseKey } from "./key.ts";

/** One object of events in the archive, as the catalogue knows it. */
export type ArchiveFile = {
  readonly sourceId: SourceId;
  /** The object's key, `segment-logs/{sourceId}/{midnight UTC, epoch ms}/{name}.gz`. */
  readonly key: string;
  readonly location: ArchiveLocation;
  /** Which of the customer's buckets holds it; the platform's own at the location when absent. */
  readonly ownBucket?: OwnBucketName;
  readonly events: number;
  /** Size of the NDJSON, and of the gzip that holds it. */
  readonly rawBytes: number;
  readonly gzipBytes: number;
  /** SHA-256 of the NDJSON, hex: gzip bytes may differ between zlib versions. */
  readonly ndjsonSha256: string;
  /** The same as it was first written, of a file that a deletion rewrote; absent of all others. */
  readonly originalSha256?: string;
  /** Of the events inside. */
  readonly firstReceivedAtMs: number;
  readonly lastReceivedAtMs: number;
  /** `homeport`, or `segment` for a file found by a rebuild that we did not write. */
  readonly writtenBy: "homeport" | "segment";
};

/** A file with the filter of the user ids inside it, as it is recorded. */
export type RecordedFile = ArchiveFile & { readonly userFilter: Uint8Array };

/** Whether a file stands in the catalogue of that source and month; no other would find it again. */
export function belongsTo(file: ArchiveFile, sourceId: SourceId, month: string): boolean {
  const dayMs = parseKey(file.key)?.dayMs;
  if (file.sourceId !== sourceId || dayMs === undefined || monthOf(dayMs) !== month) return false;
  return homeOf(file.location) === regionOf(sourceId);
}

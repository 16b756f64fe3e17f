import type { SourceId } from "../core/ids.ts";
import type { OwnBucketName } from "../region/own-bucket.ts";
import type { ArchiveLocation } from "../region/regions.ts";

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
  /** Of the events inside. */
  readonly firstReceivedAtMs: number;
  readonly lastReceivedAtMs: number;
  /** `homeport`, or `segment` for a file found by a rebuild that we did not write. */
  readonly writtenBy: "homeport" | "segment";
};

/** A file with the filter of the user ids inside it, as it is recorded. */
export type RecordedFile = ArchiveFile & { readonly userFilter: Uint8Array };

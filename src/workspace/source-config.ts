import type { DestinationId, SourceId } from "../core/ids.ts";
import { SHARDS_MAX } from "../region/object-names.ts";
import type { EdgeSettings } from "../region/edge.ts";
import type { ArchiveLocation, IngestRegion } from "../region/regions.ts";
import type { SchemaControls } from "./schema-controls.ts";
import type { StorageConfig } from "./storage.ts";

/** How much of a client's address is kept in `context.ip`. */
export type IpRule = "full" | "truncated" | "none";

/** Which queues take a source's events: `shards` queues in `ingestRegion`, as of epoch `n`. */
export type RouteEpoch = {
  /** Counts up from 1; every append names the epoch it was routed by. */
  readonly n: number;
  /** A power of two, 1 to 64. */
  readonly shards: number;
  readonly ingestRegion: IngestRegion;
};

/** The present route and the epochs that ended within the deduplication window, newest first. */
export type Route = RouteEpoch & {
  /** `fencing`: queues of earlier epochs are being closed; nothing is accepted for this epoch yet. */
  readonly state: "open" | "fencing";
  readonly earlier: readonly (RouteEpoch & { readonly endedAtMs: number })[];
};

/**
 * What a Worker and a queue need to know of a source. A value: whoever holds one may use it for
 * its lease (5 s fresh, 60 s while the Workspace object cannot be reached).
 */
export type SourceConfig = {
  readonly sourceId: SourceId;
  /** Counts up with every change of the source; a holder never replaces a newer one by an older. */
  readonly version: number;
  readonly enabled: boolean;
  /** Versions of the write keys that are live: two at most, none once all were revoked. */
  readonly keyVersions: readonly number[];
  readonly route: Route;
  readonly ip: IpRule;
  /** Whether `GET /v1/pixel/*` is taken: the data stands in the URL, so it is off by default in eu. */
  readonly pixel: boolean;
  /** Events a second, over all shards. */
  readonly ratePerSecond: number;
  /** Where archive files may go, in fail-over order; a non-empty part of the home's list. */
  readonly archiveLocations: readonly ArchiveLocation[];
  /** Keys the fingerprints of messageIds and user ids, hex of 16 bytes; never leaves our objects. */
  readonly fingerprintKey: string;
  /** The customer's own buckets for the source's files; absent while it never had one. */
  readonly storage?: StorageConfig;
  /** What the workspace wants of requests by their place; its home's defaults when absent. */
  readonly edge?: EdgeSettings;
  /** The version of the workspace's suppressions to serve by; absent while there never was one. */
  readonly suppressions?: number;
  /**
   * The last deletion that every queue of the source has taken part in: one that has not was set back
   * to an earlier time. Absent from older code.
   */
  readonly deletion?: number;
  /** How long files stay in the platform's bucket, in days; absent from older code. */
  readonly retentionDays?: number | "unlimited";
  /** What the source lets in, by name; absent for everything, and from older code. */
  readonly schema?: SchemaControls;
  /** Destinations of the source that are on; absent from older code, which knows none. */
  readonly lanes?: readonly DestinationId[];
};

/** Where a queue stands: which of a source's queues it is. */
export type QueueRef = { readonly ingestRegion: IngestRegion; readonly shard: number };

/** The shard of a user key's hash: its low bits, so that doubling splits each shard in two. */
export function shardOf(hash: number, shards: number): number {
  return (hash >>> 0) & (shards - 1);
}

/** Whether `n` may be a number of shards. */
export function isShardCount(n: number): boolean {
  return Number.isInteger(n) && n >= 1 && n <= SHARDS_MAX && (n & (n - 1)) === 0;
}

/**
 * The queues that may have accepted, in an earlier epoch, keys that `self` takes now: those of
 * `route.earlier` whose low hash bits agree with its own. Asked for unknown ids until the window
 * of their epoch's end is over.
 */
export function predecessorsOf(self: QueueRef, route: Route): readonly QueueRef[] {
  const found = new Map<string, QueueRef>();
  for (const epoch of route.earlier) {
    const common = Math.min(epoch.shards, route.shards);
    for (let shard = self.shard % common; shard < epoch.shards; shard += common) {
      if (epoch.ingestRegion === self.ingestRegion && shard === self.shard) continue;
      found.set(`${epoch.ingestRegion}:${shard}`, { ingestRegion: epoch.ingestRegion, shard });
    }
  }
  return [...found.values()];
}

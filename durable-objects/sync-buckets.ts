import { homeBucket } from "../src/archive/home-bucket.ts";
import type { Config } from "../src/config.ts";
import { regionOf, workspaceOf } from "../src/core/ids.ts";
import type { EgressObserver } from "../src/egress/guard.ts";
import { HOME_REGIONS } from "../src/region/regions.ts";
import type { Bucket } from "../src/s3/bucket.ts";
import { connectionBucket } from "../src/sync/connection/open.ts";
import type { ConnectionConfig } from "../src/sync/ports.ts";
import type { SyncId } from "../src/sync/sync.ts";
import { connectionContext, openConnection } from "./open-connection.ts";

export type BucketDeps = {
  readonly id: SyncId;
  readonly config: Config;
  readonly observer: EgressObserver;
};

/** The platform's buckets of the sync's region: what was written lately stands in any of them. */
export function homeBuckets({ id, config, observer }: BucketDeps): readonly Bucket[] {
  return HOME_REGIONS[regionOf(id)].locations.map((location) =>
    homeBucket(config, workspaceOf(id), location, observer, "sync"),
  );
}

/** The region's bucket for what a sync writes: changed rows on their way, and its reports. */
export function platformBucket(deps: BucketDeps): Bucket {
  const [bucket] = homeBuckets(deps);
  if (bucket === undefined) throw new Error("Cannot open a bucket: the region has no location");
  return bucket;
}

/** The bucket of a connection to files. */
export function unloadBucket(
  { config, observer }: Pick<BucketDeps, "config" | "observer">,
  unload: ConnectionConfig,
): Bucket {
  return connectionBucket(
    openConnection(config, unload),
    connectionContext(config, unload, observer),
  );
}

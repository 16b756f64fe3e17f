import type { HomeRegion } from "../core/ids.ts";
import { homeOf, type ArchiveLocation } from "../region/regions.ts";
import { Bucket, type BucketAddress } from "./bucket.ts";

/** What of the config names the platform's buckets. */
export type PlatformBuckets = {
  readonly environment: "production" | "development";
  readonly buckets: Readonly<Record<ArchiveLocation, BucketAddress>>;
};

const made = new WeakMap<PlatformBuckets, Map<ArchiveLocation, Bucket>>();

/**
 * The platform's bucket at `location`, for data whose home is `home`.
 *
 * @throws Error `outside_region` when the location is not the home's, whatever asked for it.
 */
export function platformBucket(
  config: PlatformBuckets,
  home: HomeRegion,
  location: ArchiveLocation,
): Bucket {
  if (homeOf(location) !== home) {
    throw new Error(`outside_region: ${location} is no archive location of ${home}`);
  }
  const known = made.get(config) ?? new Map<ArchiveLocation, Bucket>();
  made.set(config, known);
  const address = config.buckets[location];
  const bucket =
    known.get(location) ??
    new Bucket(address, {
      region: home,
      purpose: "archive",
      allowed: new Set([new URL(address.url).host]),
      development: config.environment === "development",
    });
  known.set(location, bucket);
  return bucket;
}

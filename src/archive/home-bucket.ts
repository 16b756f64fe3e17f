import type { Config } from "../config.ts";
import { regionOf, type SourceId, type WorkspaceId } from "../core/ids.ts";
import type { EgressObserver } from "../egress/guard.ts";
import { bucketRules } from "../egress/region-hosts.ts";
import { homeOf, type ArchiveLocation } from "../region/regions.ts";
import { Bucket } from "../s3/bucket.ts";

const R2_SUFFIX = ".r2.cloudflarestorage.com";
const R2_SCOPE = "auto";

/** What a bucket is opened for, as evidence shows it. */
export type BucketPurpose = "archive" | "audit" | "sync";

/**
 * The platform's bucket at `location`, for the files of `owner`.
 *
 * @throws RangeError when the location is not of the owner's home: the last line of the promise that
 * nothing leaves it, behind the checks of whoever chose the location.
 */
export function homeBucket(
  config: Pick<Config, "buckets" | "environment">,
  owner: SourceId | WorkspaceId,
  location: ArchiveLocation,
  observe?: EgressObserver,
  purpose: BucketPurpose = "archive",
): Bucket {
  const region = regionOf(owner);
  if (homeOf(location) !== region) {
    throw new RangeError(
      `Cannot open a bucket at ${location} for an owner whose home is ${region}`,
    );
  }
  const address = config.buckets[location];
  const { hostname } = new URL(address.url);
  const development = config.environment === "development";
  // R2 knows one region only; where its bucket is, the endpoint's jurisdiction says.
  const scope = hostname.endsWith(R2_SUFFIX) ? R2_SCOPE : location;
  return new Bucket(
    { ...address, location: scope },
    {
      region,
      purpose,
      rules: bucketRules(region, address.url, development),
      development,
      ...(observe === undefined ? {} : { observe }),
    },
  );
}

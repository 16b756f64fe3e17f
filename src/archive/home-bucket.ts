import type { Config } from "../config.ts";
import type { SourceId } from "../core/ids.ts";
import { regionOf } from "../core/ids.ts";
import type { EgressContact } from "../egress/guard.ts";
import { homeOf, type ArchiveLocation } from "../region/regions.ts";
import { Bucket } from "../s3/bucket.ts";

const R2_SUFFIX = ".r2.cloudflarestorage.com";
const R2_SCOPE = "auto";

/**
 * The platform's bucket at `location`, for the files of `sourceId`.
 *
 * @throws RangeError when the location is not of the source's home: the last line of the promise that
 * nothing leaves it, behind the checks of whoever chose the location.
 */
export function homeBucket(
  config: Pick<Config, "buckets" | "environment">,
  sourceId: SourceId,
  location: ArchiveLocation,
  observe?: (contact: EgressContact) => void,
): Bucket {
  const region = regionOf(sourceId);
  if (homeOf(location) !== region) {
    throw new RangeError(
      `Cannot open a bucket at ${location} for a source whose home is ${region}`,
    );
  }
  const address = config.buckets[location];
  const { host, hostname } = new URL(address.url);
  // R2 knows one region only; where its bucket is, the endpoint's jurisdiction says.
  const scope = hostname.endsWith(R2_SUFFIX) ? R2_SCOPE : location;
  return new Bucket(
    { ...address, location: scope },
    {
      region,
      purpose: "archive",
      allowed: new Set([host]),
      development: config.environment === "development",
      ...(observe === undefined ? {} : { observe }),
    },
  );
}

import type { Config } from "../config.ts";
import { regionOf, type SourceId, type WorkspaceId } from "../core/ids.ts";
import type { EgressObserver } from "../egress/guard.ts";
import { bucketRules } from "../egress/region-hosts.ts";
import { homeOf, type ArchiveLocation } from "../region/regions.ts";
import { knownEndpoint, type ListedEndpoints } from "../region/s3-endpoints.ts";
import { Bucket } from "../s3/bucket.ts";
import { ENDPOINT_TRAITS } from "./own-bucket/endpoint-kinds.ts";

const NONE_LISTED: ListedEndpoints = new Map();

/** What a bucket is opened for, as evidence shows it. */
export type BucketPurpose = "archive" | "audit" | "journal" | "sync";

/**
 * The platform's bucket at `location`, for the files of `owner`.
 *
 * @throws RangeError when the location is not of the owner's home: the last line of the promise that
 * nothing leaves it, behind the checks of whoever chose the location.
 */
export function homeBucket(
  config: Pick<Config, "buckets" | "environment"> & Partial<Pick<Config, "s3Endpoints">>,
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
  const { host } = new URL(address.url);
  const development = config.environment === "development";
  // R2, and in development another store on this machine: where the bucket is, its host says.
  const endpoint = knownEndpoint(host, config.s3Endpoints ?? NONE_LISTED);
  const quirks =
    endpoint === undefined
      ? { location }
      : {
          location: endpoint.scope,
          hasBareIfMatch: ENDPOINT_TRAITS[endpoint.kind].hasBareIfMatch,
        };
  return new Bucket(
    { ...address, ...quirks },
    {
      region,
      purpose,
      rules: bucketRules(region, address.url, development),
      development,
      ...(observe === undefined ? {} : { observe }),
    },
  );
}

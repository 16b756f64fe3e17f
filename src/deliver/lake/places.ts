import type { HomeRegion } from "../../core/ids.ts";
import {
  placeOfOwn,
  type ArchivePlace,
  type OwnBucket,
  type OwnBuckets,
} from "../../region/own-bucket.ts";
import { HOME_REGIONS, type ArchiveLocation } from "../../region/regions.ts";

/**
 * Where new files of a source's data lake go: beside its archive. Nowhere, never elsewhere, while the
 * source's own bucket was not set up for a lake: events wait.
 */
export function parquetPlace(
  location: ArchiveLocation,
  storage: OwnBuckets | undefined,
): ArchivePlace | undefined {
  if (storage?.current === undefined) return location;
  const own = storage.buckets.find(({ name }) => name === storage.current);
  return own?.dataLake === true ? placeOfOwn(own) : undefined;
}

/**
 * Every place where files of a source's data lake may stand, since they stay where they were written. A
 * bucket that was named twice is gone through once, as it was named last. A deletion remembers by number
 * how far it is, so places are only ever added at the end.
 */
export function parquetPlaces(
  home: HomeRegion,
  storage: OwnBuckets | undefined,
): readonly ArchivePlace[] {
  const named = new Map<string, OwnBucket>();
  const buckets = storage?.buckets ?? [];
  const byNumber = buckets.toSorted((a, b) => numberOf(a) - numberOf(b));
  for (const own of byNumber) {
    const { location, endpoint = "", bucket, dataLake } = own;
    if (dataLake === true) named.set(`${location} ${endpoint} ${bucket}`, own);
  }
  return [...HOME_REGIONS[home].locations, ...[...named.values()].map(placeOfOwn)];
}

function numberOf({ name }: OwnBucket): number {
  return Number(name.slice("own-".length));
}

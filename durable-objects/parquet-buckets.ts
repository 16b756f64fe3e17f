import type { Config } from "../src/config.ts";
import { regionOf, type SourceId } from "../src/core/ids.ts";
import type { DestinationGround } from "../src/deliver/destinations.ts";
import { parquetPlace, parquetPlaces } from "../src/deliver/lake/places.ts";
import type { LaneConfig } from "../src/deliver/lane/ports.ts";
import type { EgressObserver } from "../src/egress/guard.ts";
import { PlaceBuckets } from "./place-buckets.ts";
import type { Reach } from "./reach.ts";

/**
 * The buckets that a destination keeps files in beside the source's archive: written with the writer's
 * rights at one place, erased with the eraser's at all of them.
 *
 * @throws Error when no location of the source is known.
 */
export function parquetBuckets(
  deps: {
    readonly config: Config;
    readonly sourceId: SourceId;
    readonly observe: EgressObserver;
    readonly reach: Reach;
  },
  { archiveLocations, storage }: Pick<LaneConfig, "archiveLocations" | "storage">,
): DestinationGround["bucket"] {
  const [location] = archiveLocations;
  if (location === undefined) throw new Error("Cannot make a destination: no location is known");
  const buckets = new PlaceBuckets({ ...deps, storage: () => storage });
  return {
    location,
    open: () => {
      const place = parquetPlace(location, storage);
      return place === undefined ? undefined : buckets.at(place, "writer");
    },
    everywhere: () =>
      parquetPlaces(regionOf(deps.sourceId), storage).map((place) => buckets.at(place, "eraser")),
  };
}

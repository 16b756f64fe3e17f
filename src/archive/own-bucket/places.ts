import { splitPlace, type ArchivePlace } from "../../region/own-bucket.ts";
import type { ArchiveLocation } from "../../region/regions.ts";

/** Those of the places that are the platform's: only there second copies are looked for. */
export function platformOnly(places: readonly ArchivePlace[]): readonly ArchiveLocation[] {
  return places.flatMap((place) => {
    const { location, own } = splitPlace(place);
    return own === undefined ? [location] : [];
  });
}

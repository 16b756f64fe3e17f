import type { HomeRegion } from "../core/ids.ts";

/**
 * The region table. Data only: everything that depends on a region is looked up here, and what is
 * not in the table is refused.
 */

/** Where a source's events wait until they are archived. */
export type IngestRegion = "us1" | "eu1" | "ap1" | "au1";

/** An AWS region that holds archive buckets. */
export type ArchiveLocation = "us-west-2" | "us-east-1" | "eu-west-1" | "eu-central-1";

/** How an object is put into a place. A hint is best effort: say so wherever it is shown. */
export type Place =
  | { readonly kind: "jurisdiction"; readonly jurisdiction: HomeRegion }
  | { readonly kind: "hint"; readonly hint: "apac" | "oc" };

type HomeRow = {
  readonly title: string;
  readonly place: Place;
  /** In fail-over order. */
  readonly locations: readonly ArchiveLocation[];
  readonly ingestRegionDefault: IngestRegion;
  readonly ingestRegions: readonly IngestRegion[];
};

type IngestRow = {
  readonly title: string;
  readonly place: Place;
  readonly guarantee: "jurisdiction" | "best-effort";
};

export const HOME_REGIONS: Readonly<Record<HomeRegion, HomeRow>> = {
  us: {
    title: "United States",
    place: { kind: "jurisdiction", jurisdiction: "us" },
    locations: ["us-west-2", "us-east-1"],
    ingestRegionDefault: "us1",
    ingestRegions: ["us1", "eu1", "ap1", "au1"],
  },
  eu: {
    title: "European Union",
    place: { kind: "jurisdiction", jurisdiction: "eu" },
    locations: ["eu-west-1", "eu-central-1"],
    ingestRegionDefault: "eu1",
    ingestRegions: ["eu1"],
  },
};

export const INGEST_REGIONS: Readonly<Record<IngestRegion, IngestRow>> = {
  us1: {
    title: "Oregon",
    place: { kind: "jurisdiction", jurisdiction: "us" },
    guarantee: "jurisdiction",
  },
  eu1: {
    title: "Dublin",
    place: { kind: "jurisdiction", jurisdiction: "eu" },
    guarantee: "jurisdiction",
  },
  ap1: { title: "Singapore", place: { kind: "hint", hint: "apac" }, guarantee: "best-effort" },
  au1: { title: "Sydney", place: { kind: "hint", hint: "oc" }, guarantee: "best-effort" },
};

export const HOME_REGION_NAMES: readonly HomeRegion[] = ["us", "eu"];
export const INGEST_REGION_NAMES: readonly IngestRegion[] = ["us1", "eu1", "ap1", "au1"];

/** Whether `text` names a home region. Unknown is refused, never defaulted. */
export function isHomeRegion(text: string): text is HomeRegion {
  return Object.hasOwn(HOME_REGIONS, text);
}

/** Whether `text` names an ingest region. */
export function isIngestRegion(text: string): text is IngestRegion {
  return Object.hasOwn(INGEST_REGIONS, text);
}

/** Whether `text` names a location of archives, of any home. */
export function isArchiveLocation(text: string): text is ArchiveLocation {
  return HOME_REGION_NAMES.some((home) =>
    HOME_REGIONS[home].locations.some((location) => location === text),
  );
}

/** Whether a source of a workspace in `home` may take its events in at `ingest`. */
export function mayIngestAt(home: HomeRegion, ingest: IngestRegion): boolean {
  return HOME_REGIONS[home].ingestRegions.includes(ingest);
}

/** The home region whose buckets `location` belongs to. */
export function homeOf(location: ArchiveLocation): HomeRegion {
  return HOME_REGIONS.eu.locations.includes(location) ? "eu" : "us";
}

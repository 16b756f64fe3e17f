import type { HomeRegion, SourceId } from "../core/ids.ts";
import {
  HOME_REGIONS,
  homeOf,
  mayIngestAt,
  type ArchiveLocation,
  type IngestRegion,
} from "../region/regions.ts";
import type { ConfigSource } from "./config-document.ts";

/** What whoever runs the apps has to change, because the source got a new host and a new key. */
export type SdkChange = {
  /** The source that the document describes; null in a document written by hand. */
  readonly replaces: SourceId | null;
  /** Null when no host of this deployment stands for the ingest region. */
  readonly hostBefore: string | null;
  readonly host: string | null;
  /** Null until the source is there. */
  readonly writeKey: string | null;
};

export type Settings = Omit<ConfigSource, "id">;

type Fitted = { readonly settings: Settings; readonly notes: readonly string[] };

/**
 * The settings as `home` can have them, with a note on each that is not as the document says. The
 * document comes from `from`: what was that region's own becomes this one's, in its place.
 */
export function fitToHome(home: HomeRegion, from: HomeRegion, wanted: ConfigSource): Fitted {
  const { id: _id, ...settings } = wanted;
  const ingest = fitIngest(home, from, settings.ingestRegion);
  const archive = fitLocations(home, settings.archiveLocations);
  return {
    settings: { ...settings, ingestRegion: ingest.value, archiveLocations: archive.value },
    notes: [...ingest.notes, ...archive.notes, ...(home === from ? [] : keptNotes(home, settings))],
  };
}

/** What changes for the apps of a source that moved. */
export function sdkChange(
  wanted: ConfigSource,
  ingestRegion: IngestRegion,
  hosts: ReadonlyMap<string, IngestRegion>,
): SdkChange {
  return {
    replaces: wanted.id ?? null,
    hostBefore: hostOf(hosts, wanted.ingestRegion),
    host: hostOf(hosts, ingestRegion),
    writeKey: null,
  };
}

/** What no document carries, said once at the top of a plan. */
export function notCarried(home: HomeRegion, from: HomeRegion): readonly string[] {
  return [
    `The document comes from ${from}. This workspace stays in ${home}; no data moves.`,
    `Archived events, the audit chain and evidence stay in ${from}.`,
    `Ids and write keys are new: each source's entry says what its SDK has to be told.`,
    `API tokens and secrets are in no document: make tokens here, and give secrets again.`,
    `Deduplication does not span both: what is sent again to the new source counts as new.`,
  ];
}

type Part<T> = { readonly value: T; readonly notes: readonly string[] };

/** A region's own ingest region becomes the other's own, also where it would be allowed to stay. */
function fitIngest(home: HomeRegion, from: HomeRegion, wanted: IngestRegion): Part<IngestRegion> {
  const value = HOME_REGIONS[home].ingestRegionDefault;
  if (home !== from && wanted === HOME_REGIONS[from].ingestRegionDefault) {
    return {
      value,
      notes: [`Ingest region ${wanted} becomes ${value}: each is its region's own.`],
    };
  }
  return mayIngestAt(home, wanted)
    ? { value: wanted, notes: [] }
    : { value, notes: [`Ingest region ${wanted} is not allowed in ${home}: ${value} is taken.`] };
}

/** The first location of one region becomes the first of the other, and so on. */
function fitLocations(
  home: HomeRegion,
  wanted: readonly ArchiveLocation[],
): Part<readonly ArchiveLocation[]> {
  const own = HOME_REGIONS[home].locations;
  const fitted = wanted.flatMap((location) => {
    if (own.includes(location)) return [location];
    const taken = own[HOME_REGIONS[homeOf(location)].locations.indexOf(location)];
    return taken === undefined ? [] : [taken];
  });
  const value = [...new Set(fitted)];
  const isSame = value.length === wanted.length && value.every((each, i) => each === wanted[i]);
  const note = `Archive locations ${wanted.join(", ")} become ${value.join(", ")}.`;
  return { value: value.length === 0 ? own : value, notes: isSame ? [] : [note] };
}

/** Settings that eu has another default for, for a reason; they are kept as they were set. */
function keptNotes(home: HomeRegion, { ip, pixel }: Settings): readonly string[] {
  if (home !== "eu") return [];
  return [
    ...(ip === "full" ? ["ip stays full; eu's default is truncated."] : []),
    ...(pixel
      ? ["The pixel stays on; it is off by default in eu: its data stands in the URL."]
      : []),
  ];
}

function hostOf(hosts: ReadonlyMap<string, IngestRegion>, ingestRegion: IngestRegion) {
  return [...hosts].find(([, at]) => at === ingestRegion)?.[0] ?? null;
}

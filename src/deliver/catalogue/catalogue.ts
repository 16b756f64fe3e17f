import type { HomeRegion } from "../../core/ids.ts";
import type { KeyCheck } from "../../egress/host-rules.ts";
import type { EndpointLevel } from "../deliverer.ts";
import data from "./destinations.json" with { type: "json" };

/** What a host of a destination is asked for. */
export type HostUse = "delivery" | "credential-test" | "deletion" | "oauth";

/** A destination's standing in one region, as the data file has it. */
export type RegionEntry = {
  readonly level: EndpointLevel;
  /** Hosts by use, each with the beginning of the path where only that shows the region. */
  readonly hosts?: Readonly<Partial<Record<HostUse, readonly string[]>>>;
  /** The setting that holds the host, where it is the account's own. */
  readonly hostSetting?: string;
  /** What keys have to show, where one host serves all regions. */
  readonly keyCheck?: KeyCheck;
  readonly statement?: { readonly url: string; readonly date: string };
  readonly note?: string;
};

/** One of Segment's destinations, as the data file has it. */
export type CatalogueEntry = Readonly<Record<HomeRegion, RegionEntry>> & {
  /** The name of its folder in the kit. */
  readonly slug: string;
  readonly name: string;
  /** The kit's setting that selects the region, with the values that are allowed in each. */
  readonly region?: { readonly setting: string } & Readonly<Record<HomeRegion, readonly string[]>>;
  /** Variables that the kit reads from its surroundings, by the setting that holds each. */
  readonly env?: Readonly<Record<string, string>>;
  /** Settings that the kit does not have, since Segment itself provides them. */
  readonly extra?: readonly {
    readonly key: string;
    readonly label: string;
    readonly secret: boolean;
  }[];
};

/**
 * The one place that says which hosts belong to a destination in a region.
 * `test/unit/deliver/kit/hosts.test.ts` holds it against what the kit really contacts.
 */
export const CATALOGUE: readonly CatalogueEntry[] = data.destinations as readonly CatalogueEntry[];

const BY_SLUG = new Map(CATALOGUE.map((entry) => [entry.slug, entry]));

/** The entry of that slug, or `undefined` when no destination of the kit has it. */
export function catalogueEntry(slug: string): CatalogueEntry | undefined {
  return BY_SLUG.get(slug);
}

/** Every host that the destination is asked at in a region for one of `uses`. */
export function hostsFor(entry: RegionEntry, uses: readonly HostUse[]): readonly string[] {
  return [...new Set(uses.flatMap((use) => entry.hosts?.[use] ?? []))];
}

/** A host as the data file writes it, without the beginning of its path. */
export function splitHost(written: string): {
  readonly host: string;
  readonly pathPrefix?: string;
} {
  const slash = written.indexOf("/");
  if (slash === -1) return { host: written };
  return { host: written.slice(0, slash), pathPrefix: written.slice(slash) };
}

import type { HomeRegion } from "../../core/ids.ts";
import { err, ok, type Result } from "../../core/result.ts";
import { isSelfOrPattern } from "./host-names.ts";
import { catalogueEntry, hostsFor, splitHost, type CatalogueEntry } from "./catalogue.ts";
import { ownHost } from "./own-host.ts";

export type EnableRefusal =
  | { readonly kind: "unknown_destination" }
  | {
      readonly kind: "no_endpoint_in_region";
      readonly reason: string;
      /** What would do instead, one sentence each. */
      readonly alternatives: readonly string[];
    }
  /** The region's setting has several values in the region, and the given one is none of them. */
  | {
      readonly kind: "setting_not_in_region";
      readonly setting: string;
      readonly allowed: readonly string[];
    }
  /** The workspace has to say that these hosts are in its region. */
  | { readonly kind: "host_not_declared"; readonly hosts: readonly string[] };

/** Settings that the region decides; they go over what the user gave. */
export type RegionSettings = Readonly<Record<string, string>>;

export type EnableRequest = {
  readonly settings: Readonly<Record<string, unknown>>;
  readonly declaredHosts: readonly string[];
};

/** Destinations of ours that reach any server that the workspace declares. */
const INSTEAD =
  "Send to a webhook of your own in the region, which may forward what your contract with the vendor allows.";

/** Whether a destination has an endpoint in the region at all, whatever its settings are. */
export function canEnable(slug: string, region: HomeRegion): Result<CatalogueEntry, EnableRefusal> {
  const entry = catalogueEntry(slug);
  if (entry === undefined) return err({ kind: "unknown_destination" });
  if (entry[region].level !== "none") return ok(entry);
  return err({
    kind: "no_endpoint_in_region",
    reason: entry[region].note ?? "The vendor states no endpoint in the region.",
    alternatives: alternativesTo(entry, region),
  });
}

/**
 * Whether a destination may be enabled with these settings, and the settings that the region decides.
 * What selects the region is never the user's choice; only where the vendor has several places in
 * the region it is the user's to say which of them.
 */
export function prepareEnable(
  slug: string,
  region: HomeRegion,
  { settings, declaredHosts }: EnableRequest,
): Result<RegionSettings, EnableRefusal> {
  const found = canEnable(slug, region);
  if (!found.ok) return found;
  const entry = found.value;
  const chosen = chosenRegion(entry, region, settings);
  if (!chosen.ok) return chosen;
  const missing = undeclaredHosts(entry, region, { settings, declaredHosts });
  return missing.length === 0 ? chosen : err({ kind: "host_not_declared", hosts: missing });
}

function chosenRegion(
  entry: CatalogueEntry,
  region: HomeRegion,
  settings: EnableRequest["settings"],
): Result<RegionSettings, EnableRefusal> {
  if (entry.region === undefined) return ok({});
  const { setting } = entry.region;
  const allowed = entry.region[region];
  const given = settings[setting];
  const value = allowed.length === 1 ? allowed[0] : allowed.find((each) => each === given);
  if (value === undefined) return err({ kind: "setting_not_in_region", setting, allowed });
  return ok({ [setting]: value });
}

/** Hosts that would be contacted and that only the workspace itself can vouch for. */
function undeclaredHosts(
  entry: CatalogueEntry,
  region: HomeRegion,
  { settings, declaredHosts }: EnableRequest,
): readonly string[] {
  const support = entry[region];
  if (support.level !== "declared") return [];
  if (support.hostSetting !== undefined) {
    const host = ownHost(settings[support.hostSetting]);
    return host !== undefined && declaredHosts.includes(host) ? [] : [host ?? support.hostSetting];
  }
  return hostsFor(support, ["delivery", "deletion", "oauth"])
    .map((written) => splitHost(written).host)
    .filter((host) => !declaredHosts.some((declared) => isSelfOrPattern(host, declared)));
}

function alternativesTo(entry: CatalogueEntry, region: HomeRegion): readonly string[] {
  const other: HomeRegion = region === "eu" ? "us" : "eu";
  if (entry[other].level === "none") return [INSTEAD];
  return [INSTEAD, `Enable it in a workspace whose home region is ${other}.`];
}

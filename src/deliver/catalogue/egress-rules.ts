import type { HomeRegion } from "../../core/ids.ts";
import type { HostRule } from "../../egress/host-rules.ts";
import { hostsFor, splitHost, type CatalogueEntry, type HostUse } from "./catalogue.ts";
import type { EnableRequest } from "./can-enable.ts";
import { isSelfOrPattern } from "./host-names.ts";
import { ownHost } from "./own-host.ts";

/**
 * What the egress guard lets through for a destination in a region, for these uses and no other.
 * A host that only the workspace vouches for is let through as the very name that it declared.
 */
export function destinationRules(
  entry: CatalogueEntry,
  region: HomeRegion,
  uses: readonly HostUse[],
  { settings, declaredHosts }: EnableRequest,
): readonly HostRule[] {
  const { level, hostSetting, keyCheck } = entry[region];
  if (level === "none") return [];
  if (hostSetting !== undefined) {
    const host = ownHost(settings[hostSetting]);
    return host !== undefined && declaredHosts.includes(host) ? [{ host, level }] : [];
  }
  const rules = hostsFor(entry[region], uses).map((written): HostRule => ({
    ...splitHost(written),
    level,
    ...(keyCheck === undefined ? {} : { check: keyCheck }),
  }));
  if (level !== "declared") return rules;
  return rules.flatMap((rule) =>
    declaredHosts
      .filter((declared) => isSelfOrPattern(rule.host, declared))
      .map((host) => ({ ...rule, host })),
  );
}

import type { HostLevel } from "../egress/evidence.ts";

/** What each level of a host says, as the report and docs/residency.md explain it. */
export const HOST_LEVELS: Readonly<Record<HostLevel, string>> = {
  platform: "The region's own endpoint of S3, STS or R2, by its name.",
  vendor_endpoint: "The vendor states that this endpoint keeps data in the region.",
  region_by_account: "The vendor's account was opened in the region; the host does not show it.",
  declared: "The workspace declared that this host is in the region.",
  listed: "The deployment's operator listed this S3 endpoint as the region's.",
  none: "Nothing shows that this host is in the region.",
  development: "The developer's own machine, in place of the region's endpoint. No evidence.",
};

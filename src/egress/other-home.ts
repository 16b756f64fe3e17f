import type { HomeRegion } from "../core/ids.ts";
import { AWS_REGIONS } from "./warehouse-hosts.ts";

/** Domains whose names hold the AWS region that a host is in. */
const AWS_DOMAINS = [
  ".amazonaws.com",
  ".on.aws",
  ".api.aws",
  ".aws.neon.tech",
  ".pooler.supabase.com",
];
/** S3's names without a location lead to Northern Virginia first, wherever the bucket is. */
const GLOBAL_S3 = /^(?:.+\.)?s3(?:-external-1)?\.amazonaws\.com$/;
const GLOBAL_S3_REGION = "us-east-1";
/** A label that ends with a region, or with one of its zones. */
const REGION_LABEL = /(?:^|-)([a-z]{2}-(?:[a-z]+-)+\d)[a-z]?$/;

/** The AWS region that a host's name shows; `undefined` when it shows none. */
export function awsRegionOf(hostname: string): string | undefined {
  if (GLOBAL_S3.test(hostname)) return GLOBAL_S3_REGION;
  if (!AWS_DOMAINS.some((domain) => hostname.endsWith(domain))) return undefined;
  // The last one counts: names of the owner's own stand before it.
  const labels = hostname.split(".").toReversed();
  return labels.flatMap((label) => REGION_LABEL.exec(label)?.[1] ?? [])[0];
}

/**
 * Whether a vendor's name shows that a host is in the other home. Nobody's word makes it one of this
 * home; a name that shows neither, as one in London, may be declared.
 */
export function showsOtherHome(hostname: string, home: HomeRegion): boolean {
  const other = otherHome(home);
  if (hostname.endsWith(`.${other}.r2.cloudflarestorage.com`)) return true;
  const region = awsRegionOf(hostname);
  return region !== undefined && AWS_REGIONS[other].includes(region);
}

export function otherHome(home: HomeRegion): HomeRegion {
  return home === "eu" ? "us" : "eu";
}

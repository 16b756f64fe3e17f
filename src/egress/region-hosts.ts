import type { HomeRegion } from "../core/ids.ts";
import { HOME_REGIONS, type ArchiveLocation } from "../region/regions.ts";
import { isLoopback } from "./addresses.ts";
import { matchesHost, type HostRule } from "./host-rules.ts";

/**
 * The platform's own hosts of a home region: S3 and STS at its locations, under their regional names
 * only, and R2 under the endpoint of its jurisdiction. Global names (`s3.amazonaws.com`,
 * `sts.amazonaws.com`) are in no region and stand nowhere.
 */
export function platformHosts(region: HomeRegion): readonly HostRule[] {
  const ofLocations = HOME_REGIONS[region].locations.flatMap((location) => [
    `s3.${location}.amazonaws.com`,
    `*.s3.${location}.amazonaws.com`,
    `s3.dualstack.${location}.amazonaws.com`,
    `*.s3.dualstack.${location}.amazonaws.com`,
    `sts.${location}.amazonaws.com`,
  ]);
  return [...ofLocations, `*.${region}.r2.cloudflarestorage.com`].map((host) => ({
    host,
    level: "platform",
  }));
}

/**
 * The rule for one bucket: its host, and of that host nothing but the bucket. None when the host is
 * not the region's, so that a mistake in the settings ends at the guard; in development the stack's
 * own loopback address will do.
 */
export function bucketRules(
  region: HomeRegion,
  bucketUrl: string,
  development: boolean,
): readonly HostRule[] {
  const { hostname, port, pathname } = new URL(bucketUrl);
  const pathPrefix = pathname.replace(/\/+$/, "");
  if (development && isLoopback(hostname)) {
    return [{ host: hostname, port: Number(port), pathPrefix, level: "development" }];
  }
  const isOfRegion = platformHosts(region).some((rule) => matchesHost(rule, hostname));
  return isOfRegion && port === "" ? [{ host: hostname, pathPrefix, level: "platform" }] : [];
}

/** The rule for one bucket at an endpoint that the deployment's operator listed as the region's. */
export function listedBucketRules(bucketUrl: string, development: boolean): readonly HostRule[] {
  const { hostname, port, pathname } = new URL(bucketUrl);
  const pathPrefix = pathname.replace(/\/+$/, "");
  if (development && isLoopback(hostname)) {
    return [{ host: hostname, port: Number(port), pathPrefix, level: "development" }];
  }
  return port === "" ? [{ host: hostname, pathPrefix, level: "listed" }] : [];
}

/** The rule for STS at one location, and for no other: the global name stands in no region. */
export function stsRules(
  location: ArchiveLocation,
  url: string,
  development: boolean,
): readonly HostRule[] {
  const { hostname, port } = new URL(url);
  if (development && isLoopback(hostname)) {
    return [{ host: hostname, port: Number(port), level: "development" }];
  }
  return [{ host: `sts.${location}.amazonaws.com`, level: "platform" }];
}

/** The rule for a host that a workspace says is in its region; shown as its own statement. */
export function declaredHost(host: string, port?: number): HostRule {
  return { host, level: "declared", ...(port === undefined ? {} : { port }) };
}

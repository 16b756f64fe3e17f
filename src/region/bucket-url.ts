import { homeOf, type ArchiveLocation } from "./regions.ts";

/**
 * What is wrong with `url` as the platform's bucket at `location`, or `undefined`. The host itself
 * has to show the location: AWS's regional endpoint, or R2's endpoint of the home's jurisdiction.
 * In development the loopback address is allowed as well.
 */
export function bucketUrlProblem(
  url: string,
  location: ArchiveLocation,
  development: boolean,
): string | undefined {
  if (url === "") return "is missing";
  if (!URL.canParse(url)) return "is not a URL";
  const parsed = new URL(url);
  // Credentials, a query or a fragment have no place here; and what the parser had to tidy up (an
  // empty query, a default port) would read otherwise in a request.
  const plain = parsed.origin + parsed.pathname;
  if (plain !== url) return `is not written as "${plain}"`;
  if (!/^\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(parsed.pathname)) {
    return `names no bucket after the host`;
  }
  if (development && isLoopback(parsed.hostname)) return undefined;
  if (parsed.protocol !== "https:") return "does not begin with https";
  const hosts = [
    new RegExp(`^s3\\.(dualstack\\.)?${location}\\.amazonaws\\.com$`),
    new RegExp(`^[0-9a-f]{32}\\.${homeOf(location)}\\.r2\\.cloudflarestorage\\.com$`),
  ];
  if (parsed.port !== "" || !hosts.some((host) => host.test(parsed.hostname))) {
    return `is at host "${parsed.host}", which does not show the location ${location}`;
  }
  return undefined;
}

function isLoopback(hostname: string): boolean {
  return hostname === "127.0.0.1" || hostname === "localhost" || hostname === "[::1]";
}

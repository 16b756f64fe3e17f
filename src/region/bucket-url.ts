import { homeOf, type ArchiveLocation } from "./regions.ts";

/**
 * Ends of names under which S3 answers for something else than a bucket of that name: access points,
 * also those of several regions, object lambdas, directory and table buckets.
 */
const ALIAS = /(?:-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3)$/;

/**
 * What is wrong with `url` as the platform's bucket at `location`, or `undefined`. The host itself
 * has to show the location: AWS's regional endpoint, or R2's endpoint of the home's jurisdiction, each
 * in path style. Whatever may stand for several regions (the global and the accelerated endpoint,
 * access points) is refused. In development the loopback address is allowed as well.
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
  if (ALIAS.test(parsed.pathname)) return "names an access point or the like, which is no bucket";
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

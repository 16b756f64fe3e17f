import type { HomeRegion } from "../core/ids.ts";
import { err, ok, type Result } from "../core/result.ts";

/** What an endpoint outside AWS runs; how each differs from AWS is in `src/archive/own-bucket/endpoint-kinds.ts`. */
export const ENDPOINT_KINDS = ["r2", "ceph", "minio", "generic"] as const;
export type EndpointKind = (typeof ENDPOINT_KINDS)[number];

/** Those that an operator may list: what R2's endpoint is, its own name says. */
export const LISTED_KINDS = ["ceph", "minio", "generic"] as const;

/** An S3-compatible endpoint outside AWS and how it is known to be in its region. */
export type S3Endpoint = {
  /** With its port, if it is not the scheme's own. */
  readonly host: string;
  readonly region: HomeRegion;
  readonly kind: EndpointKind;
  /** What stands for the region in a signature. */
  readonly scope: string;
  /** `name`: the host shows it. `operator`: the deployment's settings say so. */
  readonly knownBy: "name" | "operator";
};

/** Endpoints that the deployment's operator listed, by host. */
export type ListedEndpoints = ReadonlyMap<string, S3Endpoint>;

/** Cloudflare's own endpoint, the account first; without a jurisdiction it is in no region. */
const R2 = /^[0-9a-f]{32}(?:\.([a-z]+))?\.r2\.cloudflarestorage\.com$/;
const R2_REGIONS: readonly string[] = ["eu", "us"];
/** R2 knows one name only, wherever the bucket is. */
const R2_SCOPE = "auto";
const AWS = /(?:^|\.)amazonaws\.com(?:\.cn)?$/;

/**
 * The endpoint of that host, if it is known to be in `home`; else what would be right. Nothing is
 * guessed from a name but where its owner's names show the jurisdiction.
 */
export function endpointIn(
  home: HomeRegion,
  host: string,
  listed: ListedEndpoints,
): Result<S3Endpoint, string> {
  const known = listed.get(host) ?? r2Endpoint(host);
  if (known?.region === home) return ok(known);
  const right = rightEndpoints(home, listed);
  if (known !== undefined) return err(`is in ${known.region}, the workspace in ${home}: ${right}`);
  if (R2.test(host)) return err(`names no jurisdiction, so it is in no region: ${right}`);
  if (AWS.test(host)) return err(`is AWS's: leave endpoint out and name the location`);
  return err(`is not known to be in ${home}: ${right}`);
}

/** The endpoint of that host wherever it is; `undefined` for AWS and for what nobody knows. */
export function knownEndpoint(host: string, listed: ListedEndpoints): S3Endpoint | undefined {
  return listed.get(host) ?? r2Endpoint(host);
}

function r2Endpoint(host: string): S3Endpoint | undefined {
  const region = R2.exec(host)?.[1];
  if (region === undefined || !R2_REGIONS.includes(region)) return undefined;
  return { host, region: region as HomeRegion, kind: "r2", scope: R2_SCOPE, knownBy: "name" };
}

function rightEndpoints(home: HomeRegion, listed: ListedEndpoints): string {
  const ofHome = [...listed.values()].filter(({ region }) => region === home);
  const names = [`<account>.${home}.r2.cloudflarestorage.com`, ...ofHome.map(({ host }) => host)];
  return `it has to be ${names.join(" or ")}, or one that the operator lists in S3_ENDPOINTS`;
}

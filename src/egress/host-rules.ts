import type { HostLevel } from "./evidence.ts";

/**
 * A host that a region allows, and what a request to it has to show besides, where the name alone
 * does not show the region: some vendors put it into the path of one global host, some into the key.
 */
export type HostRule = {
  /**
   * Lower case, without a port. `*.` in front stands for one or more labels, `#` for digits; a
   * region that is in a tenant's own name is stated as that very name.
   */
  readonly host: string;
  /** Absent: the scheme's own, and for a socket none at all. */
  readonly port?: number;
  /** What the path begins with, up to a slash or its end: `/eu01`. */
  readonly pathPrefix?: string;
  /** What the request's key has to show. */
  readonly check?: KeyCheck;
  readonly level: HostLevel;
};

/** Checks of keys in which the vendor writes the region. */
export type KeyCheck = "hubspot-eu1-key" | "fullstory-eu1-key" | "fullstory-na1-key";

/** What of a request a key check may look at. */
export type KeyHolder = { header(name: string): string | undefined };

const KEY_CHECKS: Readonly<Record<KeyCheck, (request: KeyHolder) => boolean>> = {
  // HubSpot's private-app tokens name their data centre: pat-eu1-…, pat-na1-….
  "hubspot-eu1-key": (request) =>
    (request.header("authorization") ?? "").startsWith("Bearer pat-eu1-"),
  // FullStory's keys begin with their data centre, as they are or in base64.
  "fullstory-eu1-key": (request) => basicKey(request).startsWith("eu1."),
  "fullstory-na1-key": (request) => basicKey(request).startsWith("na1."),
};

/** What may hide a slash or dots from us that the vendor's server then sees. */
const HIDDEN_IN_PATH = /%(?:2f|5c|2e)|\\/i;

/** Whether `hostname` is one that the rule names. */
export function matchesHost(rule: HostRule, hostname: string): boolean {
  if (!rule.host.includes("*") && !rule.host.includes("#")) return rule.host === hostname;
  return patternOf(rule.host).test(hostname);
}

/** Whether a path is one that shows the region, where the rule asks for that. */
export function matchesPath({ pathPrefix }: HostRule, pathname: string): boolean {
  if (pathPrefix === undefined) return true;
  if (HIDDEN_IN_PATH.test(pathname)) return false;
  return pathname === pathPrefix || pathname.startsWith(`${pathPrefix}/`);
}

/** Whether a request's key shows the region, where the rule asks for that. */
export function matchesKey({ check }: HostRule, request: KeyHolder): boolean {
  return check === undefined || KEY_CHECKS[check](request);
}

const patterns = new Map<string, RegExp>();

function patternOf(host: string): RegExp {
  const known = patterns.get(host);
  if (known !== undefined) return known;
  const isBelow = host.startsWith("*.");
  const name = (isBelow ? host.slice(2) : host)
    .replaceAll(/[^a-z0-9#-]/g, String.raw`\$&`)
    .replaceAll("#", String.raw`\d+`);
  const pattern = new RegExp(`^${isBelow ? String.raw`(?:[a-z0-9_-]+\.)+` : ""}${name}$`);
  patterns.set(host, pattern);
  return pattern;
}

function basicKey(request: KeyHolder): string {
  const key = /^Basic (\S+)$/.exec(request.header("authorization") ?? "")?.[1] ?? "";
  if (/^[a-z]+\d\./.test(key)) return key;
  try {
    return atob(key);
  } catch {
    return "";
  }
}

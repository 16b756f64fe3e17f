import type { HomeRegion } from "../core/ids.ts";
import { err, ok, type Result } from "../core/result.ts";
import { isLoopback, isOddHost, isPrivateHost, plainHost } from "./addresses.ts";
import type { Exchange } from "./exchange.ts";
import type { HostLevel } from "./evidence.ts";
import {
  matchesHost,
  matchesKey,
  matchesPath,
  type HostRule,
  type KeyHolder,
} from "./host-rules.ts";

/** On whose behalf, and how far, one part of the product may reach the outside. */
export type EgressContext = {
  /** The home region whose data, or whose keys, the request carries. */
  readonly region: HomeRegion;
  /** What for, as evidence shows it, e.g. `archive`; never personal data. */
  readonly purpose: string;
  /** Whatever no rule allows is refused. */
  readonly rules: readonly HostRule[];
  /** Whether plain http to the loopback address is allowed: only ENVIRONMENT "development". */
  readonly development: boolean;
  /** How many redirects may be followed, each judged as a request of its own; none when absent. */
  readonly followRedirects?: number;
  /** Told of every request that is let through or refused. */
  readonly observe?: EgressObserver;
};

/** One host that one part of the product has to do with. */
export type EgressContact = {
  readonly region: HomeRegion;
  readonly purpose: string;
  readonly host: string;
};

/**
 * Who keeps the evidence. What `sending` and `refused` return is waited for, so that a first contact
 * can be on disk before the request goes out; a request whose evidence cannot be kept is not sent.
 */
export type EgressObserver = {
  sending(contact: EgressContact, level: HostLevel, bytes: number): Promise<void> | undefined;
  refused(contact: EgressContact, reason: RefusalKind): Promise<void> | undefined;
  /** Bytes of a request whose length was not known when it began. */
  sent(contact: EgressContact, bytes: number): void;
  /** Bytes of an answer; several times for one that is read as a stream. */
  received(contact: EgressContact, bytes: number): void;
  /** Shown whole requests and answers: only where a person tests a destination. */
  exchange?(exchange: Exchange): void;
};

/** Why nothing was sent, or for the last three why an answer was not followed or a way not taken. */
export type RefusalKind =
  | "host-not-allowed"
  /** The host may be reached, but neither path nor key of this request shows the region. */
  | "region-not-shown"
  | "private-address"
  | "odd-host"
  | "not-https"
  | "credentials-in-url"
  | "redirected"
  | "too-many-redirects"
  /** A way out that cannot be judged, e.g. a socket of Node's. */
  | "way-not-offered";

const HTTPS_PORT = 443;

const NO_KEY: KeyHolder = { header: () => undefined };

/** How far a request to `url` may go in this context: the level of what it matched, or why not. */
export function judge(
  context: EgressContext,
  url: URL,
  request: KeyHolder = NO_KEY,
): Result<HostLevel, RefusalKind> {
  const { hostname } = url;
  if (url.username !== "" || url.password !== "") return err("credentials-in-url");
  if (isOddHost(hostname)) return err("odd-host");
  const isOwnStack = context.development && isLoopback(hostname);
  if (!isOwnStack && isPrivateHost(hostname)) return err("private-address");
  const ofHost = context.rules.filter(
    (rule) => matchesHost(rule, hostname) && portOf(rule) === url.port,
  );
  if (ofHost.length === 0) return err("host-not-allowed");
  if (url.protocol !== "https:" && !(isOwnStack && url.protocol === "http:")) {
    return err("not-https");
  }
  const found = ofHost.find((rule) => matchesPath(rule, url.pathname) && matchesKey(rule, request));
  return found === undefined ? err("region-not-shown") : ok(found.level);
}

/** How far a socket to that host and port may go. Rules that ask for a path or a key allow none. */
export function judgeSocket(
  context: EgressContext,
  { hostname, port }: { readonly hostname: string; readonly port: number },
): Result<HostLevel, RefusalKind> {
  const host = plainHost(hostname);
  if (host === undefined) return err("odd-host");
  const isOwnStack = context.development && isLoopback(host);
  if (!isOwnStack && isPrivateHost(host)) return err("private-address");
  const found = context.rules.find(
    (rule) =>
      matchesHost(rule, host) &&
      rule.port === port &&
      rule.pathPrefix === undefined &&
      rule.check === undefined,
  );
  return found === undefined ? err("host-not-allowed") : ok(found.level);
}

/** As `URL.port` has it: empty for the scheme's own. */
function portOf({ port }: HostRule): string {
  return port === undefined || port === HTTPS_PORT ? "" : String(port);
}

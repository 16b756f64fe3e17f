import type { HomeRegion } from "../core/ids.ts";
import { err, ok, type Result } from "../core/result.ts";

/** On whose behalf, and how far, one part of the product may reach the outside. */
export type EgressContext = {
  /** The home region whose data, or whose keys, the request carries. */
  readonly region: HomeRegion;
  /** What for, as evidence shows it, e.g. `archive`; never personal data. */
  readonly purpose: string;
  /** Hosts, with their port if it is not the scheme's own. Whatever is not in it is refused. */
  readonly allowed: ReadonlySet<string>;
  /** Whether plain http to the loopback address is allowed: only ENVIRONMENT "development". */
  readonly development: boolean;
  /** Told of every request that is let through or refused; it must not throw. */
  readonly observe?: (contact: EgressContact) => void;
};

export type EgressContact = {
  readonly region: HomeRegion;
  readonly purpose: string;
  readonly host: string;
  readonly refused: EgressRefusal["kind"] | undefined;
};

/** Why nothing was sent, or for `redirected` why an answer was not followed. */
export type EgressRefusal = {
  readonly kind: "host-not-allowed" | "not-https" | "credentials-in-url" | "redirected";
  readonly host: string;
};

/**
 * The only way out: no other file may call `fetch`. Sends `request` if its host is allowed for the
 * context, follows no redirect, and lets nothing be cached, since a cache stands outside the region.
 *
 * @throws whatever `fetch` throws when the network fails or `request.signal` is aborted. A request
 * that threw may still have arrived.
 */
export async function egress(
  context: EgressContext,
  request: Request,
): Promise<Result<Response, EgressRefusal>> {
  const url = new URL(request.url);
  const refused = refusalOf(context, url);
  tell(context, url.host, refused);
  if (refused !== undefined) return err({ kind: refused, host: url.host });
  const response = await fetch(request, { redirect: "manual", cache: "no-store" });
  if (!isRedirect(response)) return ok(response);
  await response.body?.cancel();
  tell(context, url.host, "redirected");
  return err({ kind: "redirected", host: url.host });
}

function refusalOf(context: EgressContext, url: URL): EgressRefusal["kind"] | undefined {
  if (url.username !== "" || url.password !== "") return "credentials-in-url";
  if (!context.allowed.has(url.host)) return "host-not-allowed";
  if (url.protocol === "https:") return undefined;
  const mayBePlain = context.development && url.protocol === "http:" && isLoopback(url.hostname);
  return mayBePlain ? undefined : "not-https";
}

function isLoopback(hostname: string): boolean {
  return hostname === "127.0.0.1" || hostname === "localhost" || hostname === "[::1]";
}

/** Browsers' `fetch` hides a redirect behind status 0; workerd and Node show it. */
function isRedirect(response: Response): boolean {
  return (response.status >= 300 && response.status < 400) || response.status === 0;
}

function tell(
  { region, purpose, observe }: EgressContext,
  host: string,
  refused: EgressRefusal["kind"] | undefined,
): void {
  observe?.({ region, purpose, host, refused });
}

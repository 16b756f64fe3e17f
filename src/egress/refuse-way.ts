import { currentContext } from "./current-context.ts";
import { refuse } from "./guard.ts";
import { EgressRefused } from "./guarded-fetch.ts";

/**
 * Refuses a way to the outside that cannot be judged, and writes that down for the context that the
 * caller runs in.
 *
 * @throws EgressRefused always, or `egress_without_context` where there is no context to tell.
 */
export function refuseWay(target: unknown): never {
  const context = currentContext();
  const refusal = { kind: "way-not-offered", host: hostIn(target) } as const;
  void refuse(context, refusal, refusal.kind);
  throw new EgressRefused(refusal);
}

/** The host in what the ways out take as their first argument: a URL, options, or a port. */
function hostIn(target: unknown): string {
  if (target instanceof URL) return target.host;
  if (typeof target === "string") return URL.canParse(target) ? new URL(target).host : "unknown";
  if (typeof target !== "object" || target === null) return "unknown";
  const { hostname, host, port } = target as Readonly<Record<string, unknown>>;
  const name = [hostname, host].find((each) => typeof each === "string");
  if (typeof name !== "string") return "unknown";
  return typeof port === "number" || typeof port === "string" ? `${name}:${port}` : name;
}

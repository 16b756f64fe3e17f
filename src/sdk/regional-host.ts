import type { Config } from "../config.ts";
import { hostRegionOf } from "../ingest/authenticate.ts";
import type { IngestRegion } from "../region/regions.ts";

/**
 * The host, with its port, at which an ingest region takes events: the one that was asked if it
 * stands for that region, so that a deployment may have several; else the first one of `HOSTS`.
 * `undefined` when the deployment has none there: never another region's.
 */
export function regionalHost(
  ingestRegion: IngestRegion,
  config: Config,
  asked?: URL,
): string | undefined {
  if (asked !== undefined) {
    const region = hostRegionOf(asked, config);
    if (region === "any" || region === ingestRegion) return asked.host;
  }
  return Array.from(config.hosts).find(([, region]) => region === ingestRegion)?.[0];
}

/** What SDKs reach our hosts by. Plain http only on a developer's own machine. */
export type Scheme = "http" | "https";

/** The scheme of a request as SDKs have to use it, whatever a proxy in front made of it. */
export function schemeOf(asked: URL, config: Config): Scheme {
  const isPlain = config.environment === "development" && asked.protocol === "http:";
  return isPlain ? "http" : "https";
}

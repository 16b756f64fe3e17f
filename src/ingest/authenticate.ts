import type { Config } from "../config.ts";
import { err, ok, type Result } from "../core/result.ts";
import { HOME_REGIONS, mayIngestAt, type IngestRegion } from "../region/regions.ts";
import { parseWriteKey, type WriteKey } from "../region/write-key.ts";
import type { SourceConfig } from "../workspace/source-config.ts";
import type { HostRegion } from "../services.ts";
import type { Refusal } from "./answers.ts";

/** Where a developer's own machine is reached; there, and only in development, any key is taken. */
const LOCAL_HOSTS = new Set(["localhost", "127.0.0.1", "[::1]"]);

const BASIC = /^basic\s+([A-Za-z0-9+/_-]+={0,2})\s*$/i;

/** The ingest region that the host of a URL stands for; `undefined` for a host that is not ours. */
export function hostRegionOf(url: URL, config: Config): HostRegion {
  const listed = config.hosts.get(url.host) ?? config.hosts.get(url.hostname);
  if (listed !== undefined) return listed;
  return config.environment === "development" && LOCAL_HOSTS.has(url.hostname) ? "any" : undefined;
}

/** The write key of a Basic header: its user name, with or without the colon behind it. */
export function headerWriteKey(authorization: string | null): string | undefined {
  const encoded = BASIC.exec(authorization ?? "")?.[1];
  if (encoded === undefined) return undefined;
  try {
    const [user = ""] = atob(encoded.replaceAll("-", "+").replaceAll("_", "/")).split(":");
    return user === "" ? undefined : user;
  } catch {
    return undefined;
  }
}

/** Keys whose check was seen to hold, by the config that holds the secrets: the check is costly. */
const verified = new WeakMap<Config, Map<string, WriteKey>>();

/** Keys remembered per isolate, about 300 bytes each. */
const VERIFIED_KEYS_MAX = 2_000;

function verifiedKeys(config: Config): Map<string, WriteKey> {
  const known = verified.get(config) ?? new Map<string, WriteKey>();
  verified.set(config, known);
  return known;
}

/** What a write key says, once its check holds. Nothing is woken for a forged one. */
export function verifyWriteKey(
  text: string | undefined,
  config: Config,
): Result<WriteKey, Refusal> {
  if (text === undefined) {
    return err({
      code: "missing_write_key",
      message: "A write key is needed: as Basic user name, or as writeKey in the body",
    });
  }
  const known = verifiedKeys(config);
  const before = known.get(text);
  if (before !== undefined) return ok(before);
  const key = parseWriteKey(text, (region) => config.writeKeySecrets[region]);
  if (key.ok) {
    if (known.size >= VERIFIED_KEYS_MAX) known.clear();
    known.set(text, key.value);
    return key;
  }
  switch (key.error.kind) {
    case "malformed":
      return err({ code: "unknown_source", message: "No source has this write key" });
    case "unknown-secret":
    case "forged":
      return err({ code: "forged_write_key", message: "This write key was not made by us" });
  }
}

/** Refuses a key whose workspace may not take events in at this host, and names the hosts that may. */
export function regionRefusal(
  key: WriteKey,
  host: HostRegion,
  config: Config,
): Refusal | undefined {
  if (host === undefined || host === "any" || mayIngestAt(key.region, host)) return undefined;
  const { ingestRegionDefault } = HOME_REGIONS[key.region];
  const hosts = Array.from(config.hosts)
    .filter(([, region]) => mayIngestAt(key.region, region))
    .toSorted(([, a], [, b]) => rank(a, ingestRegionDefault) - rank(b, ingestRegionDefault))
    .map(([name]) => name);
  const where = hosts.length === 0 ? "no host of this deployment" : hosts.join(" or ");
  return {
    code: "wrong_region",
    message: `This write key belongs to a workspace in ${key.region}: send to ${where}. Nothing was stored`,
  };
}

function rank(region: IngestRegion, first: IngestRegion): number {
  return region === first ? 0 : 1;
}

/**
 * Refuses what the source's config rules out. A key of a version that the config does not know yet
 * is let through: it may be seconds old, and the queue decides by the newest config.
 */
export function sourceRefusal(key: WriteKey, config: SourceConfig): Refusal | undefined {
  if (!config.enabled) return { code: "source_disabled", message: "This source is disabled" };
  const { keyVersions } = config;
  const isNewer = keyVersions.length > 0 && keyVersions.every((version) => version < key.version);
  if (isNewer || keyVersions.includes(key.version)) return undefined;
  return { code: "write_key_revoked", message: "This write key was revoked" };
}

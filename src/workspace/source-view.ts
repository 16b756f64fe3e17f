import type { SourceId } from "../core/ids.ts";
import { INGEST_REGIONS, type ArchiveLocation, type IngestRegion } from "../region/regions.ts";
import { formatWriteKey, type KeySecrets } from "../region/write-key.ts";
import type { Source, SourceSettings } from "./source.ts";

/** A source as the management API shows it. */
export type SourceView = SourceSettings & {
  readonly id: SourceId;
  readonly ingestRegion: IngestRegion;
  /** Whether Cloudflare guarantees where the events wait, or only tries. */
  readonly ingestGuarantee: "jurisdiction" | "best-effort";
  readonly shards: number;
  readonly archiveLocations: readonly ArchiveLocation[];
  readonly route: { readonly epoch: number; readonly state: "open" | "fencing" };
  readonly writeKeys: readonly WriteKeyView[];
  readonly createdAt: string;
  readonly updatedAt: string;
};

/** A version of a write key; the key itself only while it is live. Write keys are public by nature. */
export type WriteKeyView = {
  readonly version: number;
  readonly state: "live" | "retired";
  readonly writeKey?: string;
  readonly createdAt: string;
  readonly retiredAt?: string;
};

/** Shows a source; live keys are written out with the region's first secret. */
export function viewSource(source: Source, secrets: KeySecrets): SourceView {
  const { ingestRegion, shards, n, state } = source.route;
  return {
    id: source.id,
    name: source.name,
    type: source.type,
    enabled: source.enabled,
    ingestRegion,
    ingestGuarantee: INGEST_REGIONS[ingestRegion].guarantee,
    shards,
    rate: source.rate,
    ip: source.ip,
    pixel: source.pixel,
    archiveLocations: source.archiveLocations,
    retentionDays: source.retentionDays,
    schema: source.schema ?? null,
    route: { epoch: n, state },
    writeKeys: source.keys.map((key) => ({
      version: key.version,
      state: key.state,
      ...(key.state === "live"
        ? { writeKey: formatWriteKey(source.id, key.version, secrets) }
        : {}),
      createdAt: isoTime(key.createdAtMs),
      ...(key.retiredAtMs === undefined ? {} : { retiredAt: isoTime(key.retiredAtMs) }),
    })),
    createdAt: isoTime(source.createdAtMs),
    updatedAt: isoTime(source.updatedAtMs),
  };
}

/** ISO 8601 text of an instant. */
export function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}

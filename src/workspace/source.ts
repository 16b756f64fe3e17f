import type { HomeRegion, SourceId } from "../core/ids.ts";
import { err, ok, type Result } from "../core/result.ts";
import {
  HOME_REGIONS,
  mayIngestAt,
  type ArchiveLocation,
  type IngestRegion,
} from "../region/regions.ts";
import { changeRoute, firstRoute, forgetEarlier, type RouteRefusal } from "./route.ts";
import type { IpRule, Route, SourceConfig } from "./source-config.ts";
import type { SchemaControls } from "./schema-controls.ts";
import { isTypeInRegion, SOURCE_TYPE_DEFAULT, type SourceType } from "./source-types.ts";
import { storageConfig, type SourceStorage } from "./storage.ts";
import {
  firstKey,
  liveVersions,
  retireAllKeys,
  reviveKeys,
  type KeyVersion,
} from "./write-key-versions.ts";

/** Days a file may be kept in the platform's bucket; Segment's list. */
export const RETENTION_DAYS = [1, 7, 14, 30, 90, 180, 365, 1095] as const;
export type Retention = (typeof RETENTION_DAYS)[number] | "unlimited";
export const RETENTION_DEFAULT: Retention = 365;

/** Events a second, the same in every region. */
export const RATE_DEFAULT = 1000;
/** What 64 queues were seen to take with room to spare. */
export const RATE_MAX = 100_000;

/** What the owner of a source may set. */
export type SourceSettings = {
  readonly name: string;
  readonly type: SourceType;
  readonly enabled: boolean;
  /** Events a second over all shards. */
  readonly rate: number;
  readonly ip: IpRule;
  readonly pixel: boolean;
  readonly archiveLocations: readonly ArchiveLocation[];
  readonly retentionDays: Retention;
  /** What is let in, by name; null or absent for everything. */
  readonly schema?: SchemaControls | null;
};

/** A source as its Workspace keeps it. */
export type Source = SourceSettings & {
  readonly id: SourceId;
  /** Counts up with every change; what {@link SourceConfig} carries. */
  readonly version: number;
  readonly route: Route;
  readonly keys: readonly KeyVersion[];
  readonly fingerprintKey: string;
  /** The customer's own buckets; absent while the source never had one. */
  readonly storage?: SourceStorage;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  readonly deletedAtMs?: number;
  /** Whether it was on when it was deleted, for when that is taken back. */
  readonly wasEnabled?: boolean;
};

/** What a creation may say; everything but the name has a default. */
export type SourceDraft = { readonly name: string } & SourcePatch & { readonly type?: SourceType };

/** What a change may say; what is left out stays. The type of a source is fixed. */
export type SourcePatch = Partial<Omit<SourceSettings, "type">> & {
  readonly ingestRegion?: IngestRegion;
  readonly shards?: number;
};

export type SourceRefusal =
  | RouteRefusal
  | {
      readonly kind: "ingest-region-not-allowed";
      readonly ingestRegion: IngestRegion;
      readonly home: HomeRegion;
    }
  | {
      readonly kind: "source-type-not-in-region";
      readonly type: SourceType;
      readonly home: HomeRegion;
    }
  | { readonly kind: "archive-location-not-allowed"; readonly home: HomeRegion };

/** What makes a source apart from its draft. */
export type SourceOrigin = {
  readonly id: SourceId;
  readonly home: HomeRegion;
  readonly fingerprintKey: string;
  readonly nowMs: number;
};

/** A new source with the defaults of its home, or why that home cannot have it. */
export function createSource(
  draft: SourceDraft,
  origin: SourceOrigin,
): Result<Source, SourceRefusal> {
  const { home, nowMs } = origin;
  const type = draft.type ?? SOURCE_TYPE_DEFAULT;
  const ingestRegion = draft.ingestRegion ?? HOME_REGIONS[home].ingestRegionDefault;
  const refusal = refuseRegion({ type, ingestRegion, locations: draft.archiveLocations }, home);
  if (refusal !== undefined) return err(refusal);
  return ok({
    id: origin.id,
    name: draft.name,
    type,
    enabled: draft.enabled ?? true,
    rate: draft.rate ?? RATE_DEFAULT,
    ip: draft.ip ?? (home === "eu" ? "truncated" : "full"),
    pixel: draft.pixel ?? home === "us",
    archiveLocations: draft.archiveLocations ?? HOME_REGIONS[home].locations,
    retentionDays: draft.retentionDays ?? RETENTION_DEFAULT,
    schema: draft.schema ?? null,
    version: 1,
    route: firstRoute(draft.shards ?? 1, ingestRegion),
    keys: [firstKey(nowMs)],
    fingerprintKey: origin.fingerprintKey,
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
  });
}

/** The source after a change, of the next version; or why the change is refused as a whole. */
export function patchSource(
  source: Source,
  patch: SourcePatch,
  place: { readonly home: HomeRegion; readonly nowMs: number; readonly windowMs: number },
): Result<Source, SourceRefusal> {
  const { ingestRegion, shards, ...settings } = patch;
  const refusal = refuseRegion(
    { type: source.type, ingestRegion, locations: settings.archiveLocations },
    place.home,
  );
  if (refusal !== undefined) return err(refusal);
  const change = {
    ...(shards === undefined ? {} : { shards }),
    ...(ingestRegion === undefined ? {} : { ingestRegion }),
  };
  const route = changeRoute(source.route, change, place.nowMs, place.windowMs);
  if (!route.ok) return route;
  return ok(nextVersion({ ...source, ...settings, route: route.value }, place.nowMs));
}

/** The source as a new version; every change goes through here, so that holders see it is newer. */
export function nextVersion(source: Source, nowMs: number): Source {
  return { ...source, version: source.version + 1, updatedAtMs: nowMs };
}

/**
 * The source as deleted: it takes no more events and its keys are revoked. Its config stays, because
 * queues that still hold events of it need to know where to archive them.
 */
export function deleteSource(source: Source, nowMs: number): Source {
  const keys = retireAllKeys(source.keys, nowMs);
  const { enabled: wasEnabled } = source;
  return nextVersion({ ...source, enabled: false, wasEnabled, keys, deletedAtMs: nowMs }, nowMs);
}

/** The source as it was before it was deleted, in a new version; its keys are live again. */
export function restoreSource(source: Source, nowMs: number): Source {
  const { deletedAtMs, wasEnabled, ...rest } = source;
  if (deletedAtMs === undefined) return source;
  const keys = reviveKeys(source.keys, deletedAtMs);
  return nextVersion({ ...rest, enabled: wasEnabled ?? true, keys }, nowMs);
}

/** What Workers and queues need to know of a source now. */
export function configOf(source: Source, nowMs: number, windowMs: number): SourceConfig {
  return {
    sourceId: source.id,
    version: source.version,
    enabled: source.enabled,
    keyVersions: liveVersions(source.keys),
    route: forgetEarlier(source.route, nowMs, windowMs),
    ip: source.ip,
    pixel: source.pixel,
    ratePerSecond: source.rate,
    archiveLocations: source.archiveLocations,
    fingerprintKey: source.fingerprintKey,
    ...(source.storage === undefined ? {} : { storage: storageConfig(source.storage) }),
    retentionDays: source.retentionDays,
    ...(source.schema == null ? {} : { schema: source.schema }),
  };
}

function refuseRegion(
  asked: {
    readonly type: SourceType;
    readonly ingestRegion: IngestRegion | undefined;
    readonly locations: readonly ArchiveLocation[] | undefined;
  },
  home: HomeRegion,
): SourceRefusal | undefined {
  const { type, ingestRegion, locations } = asked;
  if (!isTypeInRegion(type, home)) return { kind: "source-type-not-in-region", type, home };
  if (ingestRegion !== undefined && !mayIngestAt(home, ingestRegion)) {
    return { kind: "ingest-region-not-allowed", ingestRegion, home };
  }
  if (locations === undefined) return undefined;
  const allowed = HOME_REGIONS[home].locations;
  const isSubset =
    locations.length > 0 && locations.every((location) => allowed.includes(location));
  const isDistinct = new Set(locations).size === locations.length;
  return isSubset && isDistinct ? undefined : { kind: "archive-location-not-allowed", home };
}

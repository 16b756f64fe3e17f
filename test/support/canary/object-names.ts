import {
  regionOf,
  workspaceOf,
  type ChildId,
  type DestinationId,
  type SourceId,
  type WorkspaceId,
} from "../../../src/core/ids.ts";
import {
  formatName,
  placeOf,
  SHARDS_MAX,
  type ObjectName,
} from "../../../src/region/object-names.ts";
import {
  HOME_REGION_NAMES,
  INGEST_REGION_NAMES,
  mayIngestAt,
} from "../../../src/region/regions.ts";
import { askFile, idOfName, type ObjectFile } from "./stores.ts";

/** Ids of ours that names are made of. */
type KnownIds = {
  readonly workspaces: readonly WorkspaceId[];
  readonly sources: readonly SourceId[];
  readonly destinations: readonly DestinationId[];
  readonly replays: readonly ChildId<"rpl">[];
  readonly syncs: readonly ChildId<"syn">[];
};

/** A run may see a month end. */
const RUN_MS_MAX = 600_000;

const CLASSES: Readonly<Record<ObjectName["kind"], string>> = {
  directory: "RegionDirectory",
  workspace: "Workspace",
  queue: "IngestQueue",
  archive: "Archive",
  "archive-month": "ArchiveMonth",
  lane: "DeliveryLane",
  replay: "Replay",
  sync: "Sync",
};

/** Files of objects whose id is not that of a name which ids of ours make. */
export function namelessAmong(files: readonly ObjectFile[]): readonly ObjectFile[] {
  const idsIn = <Id extends string>(object: string, table: string): readonly Id[] =>
    files
      .filter((file) => file.object === object)
      .flatMap(({ path }) => askFile(path, `SELECT id FROM ${table}`))
      .map(({ id }) => String(id) as Id);
  const known = {
    workspaces: idsIn<WorkspaceId>("RegionDirectory", "workspaces"),
    sources: idsIn<SourceId>("Workspace", "sources"),
    destinations: idsIn<DestinationId>("Workspace", "destinations"),
    replays: idsIn<ChildId<"rpl">>("Workspace", "replays"),
    syncs: idsIn<ChildId<"syn">>("Workspace", "syncs"),
  };
  const months = [new Date(), new Date(Date.now() - RUN_MS_MAX)].map((date) =>
    date.toISOString().slice(0, "yyyy-mm".length),
  );
  const ids = new Set(
    namesOf(known, months).map((name) => idOfName(CLASSES[name.kind], textOf(name))),
  );
  return files.filter(({ id }) => !ids.has(id));
}

/** The name that a simulated object has, see src/region/placement.ts. */
function textOf(name: ObjectName): string {
  const place = placeOf(name);
  const where = place.kind === "jurisdiction" ? place.jurisdiction : place.hint;
  return `simulated:${where}:${formatName(name)}`;
}

function namesOf(known: KnownIds, months: readonly string[]): readonly ObjectName[] {
  return [
    ...HOME_REGION_NAMES.map((region): ObjectName => ({ kind: "directory", region })),
    ...known.workspaces.map((workspaceId): ObjectName => ({ kind: "workspace", workspaceId })),
    ...known.replays.map((replayId): ObjectName => ({ kind: "replay", replayId })),
    ...known.syncs.map((syncId): ObjectName => ({ kind: "sync", syncId })),
    ...known.sources.flatMap((sourceId): readonly ObjectName[] => [
      { kind: "archive", sourceId },
      ...months.map((month): ObjectName => ({ kind: "archive-month", sourceId, month })),
      ...queuesOf(sourceId).flatMap((queue): readonly ObjectName[] => [
        { kind: "queue", ...queue },
        ...known.destinations
          .filter((destinationId) => workspaceOf(destinationId) === workspaceOf(sourceId))
          .map((destinationId): ObjectName => ({ kind: "lane", destinationId, ...queue })),
      ]),
    ]),
  ];
}

function queuesOf(sourceId: SourceId) {
  return INGEST_REGION_NAMES.filter((region) => mayIngestAt(regionOf(sourceId), region)).flatMap(
    (ingestRegion) =>
      Array.from({ length: SHARDS_MAX }, (_, shard) => ({ sourceId, ingestRegion, shard })),
  );
}

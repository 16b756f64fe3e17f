import {
  isChildId,
  parseId,
  regionOf,
  workspaceOf,
  type ChildId,
  type DestinationId,
  type HomeRegion,
  type SourceId,
  type WorkspaceId,
} from "../core/ids.ts";
import {
  HOME_REGIONS,
  INGEST_REGIONS,
  isHomeRegion,
  isIngestRegion,
  mayIngestAt,
  type IngestRegion,
  type Place,
} from "./regions.ts";

/**
 * Names of objects. A name says which object it is and, through the ids in it, where that object has
 * to run; it holds no personal data, because names leave the jurisdiction (billing, debugging).
 */
export type ObjectName =
  | { readonly kind: "workspace"; readonly workspaceId: WorkspaceId }
  | { readonly kind: "directory"; readonly region: HomeRegion }
  | { readonly kind: "archive"; readonly sourceId: SourceId }
  | { readonly kind: "archive-month"; readonly sourceId: SourceId; readonly month: string }
  | {
      readonly kind: "queue";
      readonly sourceId: SourceId;
      readonly ingestRegion: IngestRegion;
      readonly shard: number;
    }
  | ({ readonly kind: "lane" } & LaneRef)
  | { readonly kind: "replay"; readonly replayId: ChildId<"rpl"> }
  | { readonly kind: "sync"; readonly syncId: ChildId<"syn"> };

/** Which queue's events a lane delivers, and where to. */
export type LaneRef = {
  readonly destinationId: DestinationId;
  readonly sourceId: SourceId;
  readonly ingestRegion: IngestRegion;
  readonly shard: number;
};

/** Shards of one source are a power of two up to this. */
export const SHARDS_MAX = 64;

const MONTH = /^\d{4}-(0[1-9]|1[0-2])$/;

/** The text of a name, e.g. `queue:src_eu_…:eu1:0`. */
export function formatName(name: ObjectName): string {
  switch (name.kind) {
    case "workspace":
      return `workspace:${name.workspaceId}`;
    case "directory":
      return `directory:${name.region}`;
    case "archive":
      return `archive:${name.sourceId}`;
    case "archive-month":
      return `archive-month:${name.sourceId}:${name.month}`;
    case "queue":
      return `queue:${name.sourceId}:${name.ingestRegion}:${name.shard}`;
    case "lane":
      return `lane:${name.destinationId}:${name.sourceId}:${name.ingestRegion}:${name.shard}`;
    case "replay":
      return `replay:${name.replayId}`;
    case "sync":
      return `sync:${name.syncId}`;
  }
}

/** The name that {@link formatName} wrote, or `undefined` for any other text. */
export function parseName(text: string): ObjectName | undefined {
  if (text.startsWith("lane:")) return parseLane(text);
  const [kind, first = "", second = "", third = "", ...rest] = text.split(":");
  const parts = parseId(first);
  let name: ObjectName | undefined;
  if (kind === "workspace" && parts?.kind === "ws") {
    name = { kind, workspaceId: first as WorkspaceId };
  } else if (kind === "directory" && isHomeRegion(first)) {
    name = { kind, region: first };
  } else if (kind === "archive" && isChildId("src", first)) {
    name = { kind, sourceId: first };
  } else if (kind === "replay" && isChildId("rpl", first)) {
    name = { kind, replayId: first };
  } else if (kind === "sync" && isChildId("syn", first)) {
    name = { kind, syncId: first };
  } else if (kind === "archive-month" && isChildId("src", first) && MONTH.test(second)) {
    name = { kind, sourceId: first, month: second };
  } else if (kind === "queue" && isChildId("src", first) && isIngestRegion(second)) {
    const shard = Number(third);
    if (!Number.isInteger(shard) || shard < 0 || shard >= SHARDS_MAX) return undefined;
    if (!mayIngestAt(regionOf(first), second)) return undefined;
    name = { kind, sourceId: first, ingestRegion: second, shard };
  }
  if (name === undefined || rest.length > 0) return undefined;
  return formatName(name) === text ? name : undefined;
}

/** A lane's name: its destination, then the name of the queue that it reads. */
function parseLane(text: string): ObjectName | undefined {
  const [, destinationId = "", ...rest] = text.split(":");
  const queue = parseName(["queue", ...rest].join(":"));
  if (!isChildId("dst", destinationId) || queue?.kind !== "queue") return undefined;
  if (workspaceOf(destinationId) !== workspaceOf(queue.sourceId)) return undefined;
  const name: ObjectName = { ...queue, kind: "lane", destinationId };
  return formatName(name) === text ? name : undefined;
}

/**
 * Where the object of that name has to run: its home, or for a queue its ingest region.
 *
 * @throws RangeError for a queue at an ingest region that its home does not allow.
 */
export function placeOf(name: ObjectName): Place {
  switch (name.kind) {
    case "workspace":
      return homePlace(name.workspaceId);
    case "directory":
      return HOME_REGIONS[name.region].place;
    case "archive":
    case "archive-month":
      return homePlace(name.sourceId);
    case "lane":
      // Wherever the events came in: they are delivered from home.
      return homePlace(name.destinationId);
    case "replay":
      return homePlace(name.replayId);
    case "sync":
      return homePlace(name.syncId);
    case "queue":
      return queuePlace(name.sourceId, name.ingestRegion);
  }
}

function queuePlace(sourceId: SourceId, ingestRegion: IngestRegion): Place {
  if (!mayIngestAt(regionOf(sourceId), ingestRegion)) {
    throw new RangeError(`Cannot place a queue at ${ingestRegion}: its home does not allow it`);
  }
  return INGEST_REGIONS[ingestRegion].place;
}

function homePlace(id: string): Place {
  const parts = parseId(id);
  if (parts === undefined) throw new TypeError("Cannot place an object: its name holds no id");
  return HOME_REGIONS[parts.region].place;
}

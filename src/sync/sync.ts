import type { ChildId, DestinationId } from "../core/ids.ts";
import type { SyncAlert } from "./alerts/alert.ts";
import type { FieldMapping, SyncAll } from "./mapping/mapping.ts";
import type { Model } from "./model.ts";

export type SyncId = ChildId<"syn">;
export type SyncRunId = ChildId<"run">;
export type ConnectionId = ChildId<"con">;

/** What becomes of rows that are new, changed or gone; Census's operations. */
export const BEHAVIOURS = ["upsert", "update", "insert", "mirror", "append", "delete"] as const;
export type Behaviour = (typeof BEHAVIOURS)[number];

/** What mirror does with a record whose row is gone. */
export const MIRROR_STRATEGIES = ["delete", "null"] as const;
export type MirrorStrategy = (typeof MIRROR_STRATEGIES)[number];

/** When a sync runs by itself; times are UTC. */
export type Schedule =
  | { readonly kind: "manual" }
  /** A check a minute. */
  | { readonly kind: "continuous" }
  | { readonly kind: "interval"; readonly minutes: number }
  /** Five fields. */
  | { readonly kind: "cron"; readonly expression: string }
  /** After each run of that sync that completed. */
  | { readonly kind: "after"; readonly syncId: SyncId };

/** Where records go: a connection that can take them, or a destination of the workspace. */
export type SyncDestination =
  | { readonly connectionId: ConnectionId; readonly object: string }
  | { readonly destinationId: DestinationId; readonly object: string };

/** A sync as its workspace keeps it. */
export type Sync = {
  readonly id: SyncId;
  /** Its number in the workspace, from 1: the id that Census's clients know. */
  readonly number: number;
  readonly label: string;
  /** Rises with every change. */
  readonly version: number;
  readonly isPaused: boolean;
  readonly source: { readonly connectionId: ConnectionId; readonly model: Model };
  readonly destination: SyncDestination;
  readonly behaviour: Behaviour;
  readonly mirrorStrategy: MirrorStrategy;
  /** The columns that together tell rows apart. */
  readonly key: readonly string[];
  readonly mappings: readonly FieldMapping[];
  readonly syncAll: SyncAll | undefined;
  /** Of an append: rows are read from the greatest value of this column on; its first run backfills or skips. */
  readonly watermark:
    | { readonly column: string; readonly first: "backfill_all_records" | "skip_current_records" }
    | undefined;
  readonly schedule: Schedule;
  /** The columns that hold users' ids, so that whoever is suppressed is not sent and can be erased. */
  readonly users: {
    readonly userIdColumn: string | undefined;
    readonly anonymousIdColumn: string | undefined;
  };
  readonly guards: {
    /** A run that would delete more than this share of what was accepted stops and asks. */
    readonly deleteSharePercentMax: number;
    /** A run in which unchanged counts but more than this share of rows changed stops and asks. */
    readonly changeSharePercentMax: number;
  };
  /** A connection to files whose bucket takes the changed rows; the platform's own when absent. */
  readonly unload: ConnectionId | undefined;
  /** Where the report goes: a table in the source if it may write there, else Parquet in the bucket. */
  readonly log: "bucket" | "source";
  /** What somebody wants to be told of; the defaults when it was never said. */
  readonly alerts?: readonly SyncAlert[] | undefined;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  readonly deletedAtMs: number | undefined;
};

/** The limits of guards unless the sync sets others. */
export const GUARDS = { deleteSharePercentMax: 20, changeSharePercentMax: 50 } as const;

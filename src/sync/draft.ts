import { err, ok, type Result } from "../core/result.ts";
import { isChildId } from "../core/ids.ts";
import { alertProblem, ALERTS_DEFAULT, type SyncAlert } from "./alerts/alert.ts";
import type { FieldMapping, SyncAll } from "./mapping/mapping.ts";
import type { Model } from "./model.ts";
import { scheduleProblem } from "./schedule/schedule.ts";
import {
  GUARDS,
  type Behaviour,
  type ConnectionId,
  type MirrorStrategy,
  type Schedule,
  type Sync,
  type SyncDestination,
  type SyncId,
} from "./sync.ts";

/** Syncs of one workspace, deleted ones included. */
export const SYNCS_MAX = 1_000;

/** What a creation says; what is left out has a default. */
export type SyncDraft = {
  readonly label: string;
  readonly source: { readonly connectionId: string; readonly model: Model };
  readonly destination: {
    readonly connectionId?: string | undefined;
    readonly destinationId?: string | undefined;
    readonly object: string;
  };
  readonly behaviour: Behaviour;
  readonly key: readonly string[];
  readonly mappings: readonly FieldMapping[];
} & SyncOptions;

/** A schedule whose sync to follow is not known to be one. */
export type GivenSchedule =
  | Exclude<Schedule, { readonly kind: "after" }>
  | { readonly kind: "after"; readonly syncId: string };

type SyncOptions = {
  readonly paused?: boolean;
  readonly mirrorStrategy?: MirrorStrategy;
  readonly syncAll?: SyncAll;
  readonly watermark?: NonNullable<Sync["watermark"]>;
  readonly schedule?: GivenSchedule;
  readonly users?: {
    readonly userIdColumn?: string | undefined;
    readonly anonymousIdColumn?: string | undefined;
  };
  readonly guards?: {
    readonly deleteSharePercentMax?: number | undefined;
    readonly changeSharePercentMax?: number | undefined;
  };
  /** A connection to files. */
  readonly unload?: string | null;
  readonly log?: Sync["log"];
  readonly alerts?: readonly SyncAlert[];
};

/** What a change says; what is left out stays. Null takes an option away. */
export type SyncPatch = {
  readonly label?: string;
  readonly model?: Model;
  readonly object?: string;
  readonly behaviour?: Behaviour;
  readonly key?: readonly string[];
  readonly mappings?: readonly FieldMapping[];
  readonly syncAll?: SyncAll | null;
  readonly watermark?: NonNullable<Sync["watermark"]> | null;
} & Omit<SyncOptions, "syncAll" | "watermark">;

/** What is wrong with a sync, by the field it is wrong in; no value of a row or a secret is named. */
export type SyncProblem = { readonly path: string; readonly message: string };

export type NewSync = {
  readonly id: SyncId;
  readonly number: number;
  readonly nowMs: number;
};

/** A new sync, or what is wrong with it as far as can be said without asking anybody. */
export function createSync(
  draft: SyncDraft,
  { id, number, nowMs }: NewSync,
): Result<Sync, readonly SyncProblem[]> {
  const destination = destinationOf(draft.destination);
  if (destination === undefined) {
    const message =
      "Name a connection (con_…) or a destination (dst_…) of this workspace, not both.";
    return err([{ path: "destination", message }]);
  }
  const { connectionId, model } = draft.source;
  const sync: Sync = {
    id,
    number,
    label: draft.label,
    version: 1,
    isPaused: draft.paused ?? false,
    source: { connectionId: connectionId as ConnectionId, model },
    destination,
    behaviour: draft.behaviour,
    mirrorStrategy: draft.mirrorStrategy ?? "delete",
    key: draft.key,
    mappings: draft.mappings,
    syncAll: draft.syncAll,
    watermark: draft.watermark,
    schedule: scheduleOf(draft.schedule ?? { kind: "manual" }),
    users: usersOf(draft.users),
    guards: guardsOf(GUARDS, draft.guards),
    unload: (draft.unload ?? undefined) as ConnectionId | undefined,
    log: draft.log ?? "bucket",
    alerts: draft.alerts ?? ALERTS_DEFAULT,
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
    deletedAtMs: undefined,
  };
  return judged(sync);
}

/** The sync after a change, of the next version. */
export function patchSync(
  held: Sync,
  patch: SyncPatch,
  nowMs: number,
): Result<Sync, readonly SyncProblem[]> {
  const { model, object, paused, syncAll, watermark, users, guards, schedule, unload, ...rest } =
    patch;
  const sync: Sync = {
    ...held,
    ...rest,
    isPaused: paused ?? held.isPaused,
    source: model === undefined ? held.source : { ...held.source, model },
    destination: object === undefined ? held.destination : { ...held.destination, object },
    syncAll: syncAll === undefined ? held.syncAll : (syncAll ?? undefined),
    watermark: watermark === undefined ? held.watermark : (watermark ?? undefined),
    users: users === undefined ? held.users : usersOf(users),
    unload:
      unload === undefined ? held.unload : ((unload ?? undefined) as ConnectionId | undefined),
    guards: guardsOf(held.guards, guards),
    schedule: schedule === undefined ? held.schedule : scheduleOf(schedule),
    version: held.version + 1,
    updatedAtMs: nowMs,
  };
  return judged(sync);
}

/** The sync, or everything that is wrong with it. */
function judged(sync: Sync): Result<Sync, readonly SyncProblem[]> {
  const problems = syncProblems(sync);
  return problems.length === 0 ? ok(sync) : err(problems);
}

/** What is wrong with a sync whatever its source and destination say. */
export function syncProblems(sync: Sync): readonly SyncProblem[] {
  const problems: SyncProblem[] = [];
  const say = (path: string, message: string): void => void problems.push({ path, message });
  if (!isChildId("con", sync.source.connectionId)) {
    say("source.connectionId", "Name a connection of this workspace (con_…).");
  }
  if (sync.unload !== undefined && !isChildId("con", sync.unload)) {
    say("unload", "Name a connection to files of this workspace (con_…), or leave it out.");
  }
  if (sync.key.length === 0) say("key", "Name the column, or columns, that tell rows apart.");
  if (new Set(sync.key).size < sync.key.length) say("key", "Name each column once.");
  if (sync.mappings.length === 0 && sync.syncAll === undefined) {
    say("mappings", "Map at least the sync key, or set syncAll.");
  }
  const fields = sync.mappings.map(({ to }) => to);
  if (new Set(fields).size < fields.length) say("mappings", "Fill each field once.");
  if (!sync.mappings.some(({ isIdentifier }) => isIdentifier)) {
    say("mappings", "One mapping has to be the identifier: set isIdentifier on the sync key's.");
  }
  if (sync.watermark !== undefined && sync.behaviour !== "append") {
    say("watermark", "Only an append reads from a greatest value on.");
  }
  const schedule = scheduleProblem(sync.schedule);
  if (schedule !== undefined) say("schedule", schedule);
  const { schedule: when } = sync;
  if (when.kind === "after" && (when.syncId === sync.id || !isChildId("syn", when.syncId))) {
    say("schedule.syncId", "Name another sync of this workspace (syn_…).");
  }
  for (const [place, alert] of (sync.alerts ?? []).entries()) {
    const problem = alertProblem(alert);
    if (problem !== undefined) say(`alerts.${place}`, problem);
  }
  return problems;
}

function destinationOf(given: SyncDraft["destination"]): SyncDestination | undefined {
  const { connectionId, destinationId, object } = given;
  const isConnection = connectionId !== undefined && isChildId("con", connectionId);
  const isDestination = destinationId !== undefined && isChildId("dst", destinationId);
  if (isConnection && destinationId === undefined) return { connectionId, object };
  if (isDestination && connectionId === undefined) return { destinationId, object };
  return undefined;
}

function scheduleOf(given: GivenSchedule): Schedule {
  return given.kind === "after" ? { kind: "after", syncId: given.syncId as SyncId } : given;
}

function guardsOf(held: Sync["guards"], given: SyncOptions["guards"]): Sync["guards"] {
  return {
    deleteSharePercentMax: given?.deleteSharePercentMax ?? held.deleteSharePercentMax,
    changeSharePercentMax: given?.changeSharePercentMax ?? held.changeSharePercentMax,
  };
}

function usersOf(given: SyncOptions["users"]): Sync["users"] {
  return {
    userIdColumn: given?.userIdColumn,
    anonymousIdColumn: given?.anonymousIdColumn,
  };
}

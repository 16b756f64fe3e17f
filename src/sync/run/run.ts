import type { RowUser } from "../mapping/mapping.ts";
import type { EngineKind } from "../engine/change.ts";
import type { SyncId, SyncRunId } from "../sync.ts";

/** What a run is for. */
export const RUN_KINDS = ["sync", "dry_run", "test"] as const;
export type RunKind = (typeof RUN_KINDS)[number];

/** Census's states of a run; that a run was canceled is told beside them. */
export const RUN_STATES = ["queued", "working", "completed", "failed", "skipped"] as const;
export type RunState = (typeof RUN_STATES)[number];

export const STEPS = ["identify", "unload", "load", "report"] as const;
export type StepName = (typeof STEPS)[number];

export type Step = {
  readonly state: "pending" | "working" | "completed" | "failed" | "skipped";
  readonly startedAtMs: number | undefined;
  readonly endedAtMs: number | undefined;
  /** Rows or records that passed through it so far, and bytes read or written for them. */
  readonly records: number;
  readonly bytes: number;
};

/** Why all rows are sent, whatever was accepted before. */
export const FULL_SYNC_REASONS = [
  "first_run",
  "requested",
  "mapping_changed",
  "destination_changed",
  "behaviour_changed",
  "state_lost",
] as const;
export type FullSyncReason = (typeof FULL_SYNC_REASONS)[number];

/** Who or what started a run. */
export type RunTrigger = {
  readonly kind: "manual" | "schedule" | "continuous" | "after" | "api";
  /** e.g. the sync that it follows. */
  readonly detail: string | undefined;
  readonly scheduledForMs: number | undefined;
};

export type RunCounts = {
  /** Rows of the source, as far as they were counted. */
  readonly sourceRows: number;
  readonly inserts: number;
  readonly updates: number;
  readonly deletes: number;
  readonly invalid: number;
  /** Decided by the destination. */
  readonly accepted: number;
  readonly rejected: number;
  /** Left alone: update of what is not there, insert of what is, suppressed users. */
  readonly skipped: number;
  readonly suppressed: number;
};

export const NO_COUNTS: RunCounts = {
  sourceRows: 0,
  inserts: 0,
  updates: 0,
  deletes: 0,
  invalid: 0,
  accepted: 0,
  rejected: 0,
  skipped: 0,
  suppressed: 0,
};

/** Why a run failed; the message is ours and names no value. */
export type RunError = { readonly code: string; readonly message: string };

export type SyncRun = {
  readonly id: SyncRunId;
  readonly syncId: SyncId;
  /** Its number in the sync's object, from 1. */
  readonly number: number;
  readonly kind: RunKind;
  readonly trigger: RunTrigger;
  readonly state: RunState;
  readonly isCanceled: boolean;
  readonly fullSync: FullSyncReason | undefined;
  /** Which engine found the changes, and why that one. */
  readonly engine: { readonly kind: EngineKind; readonly why: string } | undefined;
  readonly steps: Readonly<Record<StepName, Step>>;
  /** What executed the steps, as the object itself reported it, e.g. `eu`, or `simulated eu`. */
  readonly place: string;
  readonly counts: RunCounts;
  readonly dryRun: DryRun | undefined;
  readonly error: RunError | undefined;
  /** Something that somebody should know of it although it went well. */
  readonly note?: string | undefined;
  readonly createdAtMs: number;
  readonly startedAtMs: number | undefined;
  readonly endedAtMs: number | undefined;
};

/** What a run would do; Census's eight numbers. Of the destination only where it can count. */
export type DryRun = {
  readonly source: { readonly total: number; readonly changed: number; readonly invalid: number };
  readonly destination: {
    readonly before: number | undefined;
    readonly after: number | undefined;
    readonly creates: number;
    readonly updates: number;
    readonly deletes: number;
  };
};

/** A record of a report. */
export type LogRecord = {
  readonly identifier: string;
  readonly operation: "upsert" | "update" | "insert" | "append" | "delete" | "mirror";
  readonly status: "succeeded" | "rejected" | "NULL" | "DUPLICATE" | "KEY_TOO_LONG";
  readonly message: string | undefined;
  /** Whom it is about, so that they can be forgotten. */
  readonly user: RowUser;
  /** The record as it was sent, as JSON text. */
  readonly payload: string;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
};

/** What a run that only counted would have done. */
export function dryRunOf(counts: RunCounts, before: number | undefined): DryRun {
  const { sourceRows, inserts, updates, deletes, invalid } = counts;
  return {
    source: { total: sourceRows, changed: inserts + updates + deletes, invalid },
    destination: {
      before,
      after: before === undefined ? undefined : before + inserts - deletes,
      creates: inserts,
      updates,
      deletes,
    },
  };
}

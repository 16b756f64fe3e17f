import type { ChildId, DestinationId, SourceId } from "../core/ids.ts";
import type { Result } from "../core/result.ts";
import type { JobRef } from "../archive/jobs.ts";

export type ReplayId = ChildId<"rpl">;

/** Which archived events are sent again, and where to. */
export type ReplaySpec = {
  readonly id: ReplayId;
  readonly sourceId: SourceId;
  /** May be switched off: a new destination is filled before it takes part. */
  readonly destinationId: DestinationId;
  /** Events received at this instant or later, and before that one; epoch ms. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Only events of these types, and only those of these names; absent for all. */
  readonly types?: readonly string[];
  readonly names?: readonly string[];
  /** Events a second at most; absent for as fast as the destination takes them. */
  readonly rate?: number;
  readonly createdAtMs: number;
};

/**
 * - `counting`: a dry run: files are read and events counted, nothing is sent; then `planned`.
 * - `running`: events are sent, or the replay waits for its turn among the archive's jobs.
 */
export type ReplayState =
  | "counting"
  | "planned"
  | "running"
  | "paused"
  | "done"
  | "cancelled"
  | "failed";

/** What a person does with a replay. */
export type ReplayAct = "start" | "pause" | "resume" | "cancel";

/** What one pass over the files came to so far. */
export type ReplayCounts = {
  readonly files: number;
  /** Events in range, of the types and names asked for. */
  readonly events: number;
  readonly delivered: number;
  /** Not meant for the destination: consent, filters, suppressed users, no mapping. */
  readonly filtered: number;
  /** Given up by the destination; they stay in the archive. */
  readonly failed: number;
  readonly byType: Readonly<Record<string, number>>;
};

export type ReplayStatus = {
  readonly state: ReplayState;
  /** Files in range and the events in them, by the catalogue, when it began. */
  readonly planned: { readonly files: number; readonly events: number };
  /** What the dry run counted. */
  readonly dryRun: ReplayCounts | undefined;
  readonly counts: ReplayCounts;
  /** The job of the same source that it waits for. */
  readonly waitsFor: JobRef | undefined;
  /** A code: why it failed, or why it does not go on now. */
  readonly error: string | undefined;
  readonly updatedAtMs: number;
};

export type ReplayRefusal = { readonly kind: "replay-state"; readonly state: ReplayState };

/** One replay. */
export interface ReplayPort {
  /** Begins, or answers how it stands when it did before; a dry run counts and sends nothing. */
  begin(spec: ReplaySpec, isDryRun: boolean): Promise<ReplayStatus>;
  /** `undefined` before it began. */
  status(): Promise<ReplayStatus | undefined>;
  act(act: ReplayAct): Promise<Result<ReplayStatus, ReplayRefusal>>;
  /** Ends its work and removes all that it holds, because its source was deleted. */
  leave(): Promise<void>;
  /** Overwrites what storage still holds of events that were on their way. */
  scrub(): Promise<void>;
  /** It may have its turn now. Returns at once. */
  wake(): Promise<void>;
}

/** What an act makes of a state; what is not listed is refused. */
const ACTS: Readonly<Record<ReplayState, Partial<Record<ReplayAct, ReplayState>>>> = {
  counting: { cancel: "cancelled" },
  planned: { start: "running", cancel: "cancelled" },
  running: { start: "running", resume: "running", pause: "paused", cancel: "cancelled" },
  paused: { pause: "paused", resume: "running", cancel: "cancelled" },
  done: {},
  cancelled: { cancel: "cancelled" },
  failed: { resume: "running", cancel: "cancelled" },
};

/** The state after an act, or `undefined` when it makes no sense now. */
export function stateAfter(state: ReplayState, act: ReplayAct): ReplayState | undefined {
  return ACTS[state][act];
}

/** Whether the replay goes through files. */
export function isGoing(state: ReplayState): boolean {
  return state === "counting" || state === "running";
}

export const NO_COUNTS: ReplayCounts = {
  files: 0,
  events: 0,
  delivered: 0,
  filtered: 0,
  failed: 0,
  byType: {},
};

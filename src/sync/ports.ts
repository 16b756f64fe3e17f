import type { HomeRegion } from "../core/ids.ts";
import type { Result } from "../core/result.ts";
import type { StoreDeletion, StoreErased } from "../regulation/stores.ts";
import type { LaneConfig } from "../deliver/lane/ports.ts";
import type { Sample } from "./run/ports.ts";
import type { LogRecord, RunKind, RunTrigger, SyncRun } from "./run/run.ts";
import type { Connection } from "./connection/connection.ts";
import type { SyncProblem } from "./draft.ts";
import type { Sync, SyncRunId } from "./sync.ts";

/** A connection as objects that use it get it; its secrets travel sealed. */
export type ConnectionConfig = Pick<
  Connection,
  "id" | "kind" | "name" | "settings" | "hosts" | "version"
> & {
  readonly region: HomeRegion;
  readonly sealed: LaneConfig["sealed"];
};

/** What a sync has to know to run. Secrets travel sealed. */
export type SyncConfig = {
  readonly sync: Sync;
  readonly source: ConnectionConfig;
  readonly destination:
    | { readonly kind: "connection"; readonly connection: ConnectionConfig }
    | { readonly kind: "destination"; readonly config: LaneConfig };
  /** Whose bucket takes the changed rows, where it is not the platform's. */
  readonly unload: ConnectionConfig | undefined;
};

/** By what a call that is repeated is known: hashes that say nothing without the caller's secret. */
export type Repeat = { readonly keyHash: string; readonly requestHash: string };

/** What somebody wants run. */
export type RunRequest = {
  readonly kind: RunKind;
  readonly trigger: RunTrigger;
  /** Sends all rows whatever was accepted before. */
  readonly isFull: boolean;
  /** Whether it may delete more than the sync's guard allows. */
  readonly allowDeletes: boolean;
  /** Whether it may go on although far more rows changed than anybody would expect. */
  readonly allowMassChange: boolean;
  /** Only the rows of these keys (cells of the sync key), sent whatever was accepted before. */
  readonly keys?: readonly (readonly string[])[];
  /** For 24 hours the same request has the same run. */
  readonly repeat?: Repeat;
};

export type SyncRefusal =
  | { readonly kind: "sync-unknown" }
  | { readonly kind: "append-not-full" }
  | { readonly kind: "idempotency-key-reused" }
  | { readonly kind: "run-unknown" }
  | { readonly kind: "run-over"; readonly state: string };

export type SyncStanding = {
  /** The run under way. */
  readonly current: SyncRun | undefined;
  /** The last one that is over and was not skipped. */
  readonly last: SyncRun | undefined;
  readonly nextRunAtMs: number | undefined;
  /** Keys that the destination accepted. */
  readonly accepted: number;
};

/** A piece of a list, for clients that count pages. */
export type Place = {
  readonly offset: number;
  readonly limit: number;
  readonly isNewestFirst: boolean;
};

export type PlacePage<T> = { readonly data: readonly T[]; readonly total: number };

/** One sync: its schedule, its runs and what its destination accepted. */
export interface SyncPort {
  /** Begins a run, or records that one was skipped because another is under way. */
  trigger(request: RunRequest): Promise<Result<SyncRun, SyncRefusal>>;
  standing(): Promise<SyncStanding>;
  /** Runs, newest first, those before the run of number `before`. */
  runs(page: { readonly before?: number; readonly limit: number }): Promise<readonly SyncRun[]>;
  /** Runs by their place among those that are kept. */
  runsByPlace(place: Place): Promise<PlacePage<SyncRun>>;
  run(id: SyncRunId | number): Promise<SyncRun | undefined>;
  /** Stops a run between two batches; what was accepted stays accepted. */
  cancel(id: SyncRunId | number): Promise<Result<SyncRun, SyncRefusal>>;
  /** What is kept of refused and invalid records of a run. */
  samples(
    id: SyncRunId | number,
    filter: { readonly kind?: Sample["kind"]; readonly identifier?: string },
  ): Promise<readonly LogRecord[]>;
  /** What is wrong with a sync that is about to be made or changed, asked of source and destination. */
  check(config: SyncConfig): Promise<readonly SyncProblem[]>;
  /** Takes users out of everything that the sync keeps, a slice at a time; see `src/regulation/stores.ts`. */
  erase(deletion: StoreDeletion, sync: Sync): Promise<StoreErased>;
  /** Takes over a changed schedule, and goes on with what is due; harmless when nothing is. */
  changed(): Promise<void>;
  /** Ends its work and removes all that it holds, because its workspace was deleted. */
  leave(): Promise<void>;
}

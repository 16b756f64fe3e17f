import type { RandomBytes } from "../../core/base32.ts";
import type { Result } from "../../core/result.ts";
import type { Accepted, Change, DiffPiece, EngineKind } from "../engine/change.ts";
import type { RecordMapper } from "../mapping/mapping.ts";
import type { Sync } from "../sync.ts";
import type { Target } from "../target/target.ts";
import type { DiffFileFailure } from "./diff-files.ts";
import type { FullSyncReason, LogRecord, RunError, SyncRun } from "./run.ts";

/** Where a run is between two slices, besides its diff files. */
export type Progress = {
  readonly phase: "identify" | "load" | "report" | "clean";
  /** Where the engine goes on; absent at the beginning. */
  readonly position?: string;
  /** Passing failures since something last went forward. */
  readonly failures: number;
  /** What the run will end as, once it has cleaned up. */
  readonly end?: { readonly state: "completed" | "failed"; readonly error?: RunError };
};

/** A diff file as the run keeps it; it is listed before it is written, so that none is forgotten. */
export type DiffFileRow = {
  readonly ordinal: number;
  readonly key: string;
  readonly records: number;
  readonly isWritten: boolean;
  /** Records before this one are decided. */
  readonly place: number;
  /** Of the records from `place` on, which are decided already: a bit each. */
  readonly decided: Uint8Array;
};

/** What is kept of refused and invalid records for people, 7 days. */
export type Sample = {
  readonly kind: "rejected" | "invalid" | "test";
  readonly record: LogRecord;
};

/** Samples of one kind kept of a run. */
export const SAMPLES_MAX = 100;

/** What a run keeps; every method is synchronous, and `transaction` makes several of them one. */
export interface RunStorage {
  transaction<T>(work: () => T): T;
  run(): SyncRun;
  save(run: SyncRun): void;
  progress(): Progress;
  setProgress(progress: Progress): void;
  /** Lists a file that is about to be written. */
  addFile(key: string): number;
  wroteFile(ordinal: number, records: number): void;
  setPlace(ordinal: number, place: number, decided: Uint8Array): void;
  /** The first file that is not loaded to its end. */
  nextFile(): DiffFileRow | undefined;
  /** All files that may stand in the bucket. */
  files(): readonly DiffFileRow[];
  forgetFile(ordinal: number): void;
  addSamples(samples: readonly Sample[]): void;
  samples(kind: Sample["kind"]): number;
  /** Rows for the report, until they are written out. */
  addLog(records: readonly LogRecord[]): void;
  /** The oldest of them, and the number of their last part; `undefined` when there is none. */
  nextLog(): { readonly part: number; readonly records: readonly LogRecord[] } | undefined;
  /** Drops parts up to that one. */
  forgetLog(part: number): void;
  /** Drops what was said of invalid rows, because they are about to be read again. */
  forgetInvalid(): void;
  /** Records what was accepted, so that the next run does not send it again. */
  accept(accepted: readonly Accepted[]): void;
  /** Keys that are accepted now. */
  acceptedCount(): number;
  /** The number of the last run that completed; 0 when none did. */
  lastCompleted(): number;
}

/** A diff that begins or goes on. */
export type Diff = {
  readonly engine: { readonly kind: EngineKind; readonly why: string };
  readonly fullSync: FullSyncReason | undefined;
  /** Whether hashes of unchanged rows may differ from those that were recorded. */
  readonly isContractChanged: boolean;
  /** `switched` is told when the engine is another than was planned. @throws SourceFailure. */
  pieces(
    signal: AbortSignal,
    switched: (engine: EngineKind, why: string) => void,
  ): AsyncIterable<DiffPiece>;
};

/** Diff files as a run writes and reads them. */
export interface DiffStore {
  put(key: string, body: Uint8Array): Promise<Result<void, DiffFileFailure>>;
  read(key: string, from: number): Promise<Result<readonly Change[], DiffFileFailure>>;
  remove(key: string): Promise<Result<void, DiffFileFailure>>;
}

/** What a run writes besides what it sends: also once its source or destination is gone. */
export type Stores = {
  readonly store: DiffStore;
  /** Writes a part of the report. */
  report(part: number, records: readonly LogRecord[]): Promise<Result<void, DiffFileFailure>>;
};

/** Everything a run works with, opened anew after a crash. */
export type Opened = {
  readonly sync: Sync;
  readonly mapper: RecordMapper;
  readonly target: Target;
  readonly store: DiffStore;
  /** Whether rows are sent whatever was accepted, because somebody asked for just these. */
  readonly isForced: boolean;
  /** Begins the diff, or goes on with it. */
  diff(position: string | undefined): Promise<Diff>;
  /** Which of these rows (cells in the mapper's order) belong to a user who must not be sent. */
  suppressed(rows: readonly (readonly (string | null)[])[]): Promise<readonly boolean[]>;
  close(): Promise<void>;
};

/** What a run is given by the object that it runs in. */
export type RunWorkDeps = {
  readonly storage: RunStorage;
  /** Opens everything that the run needs. @throws SourceFailure, RunFailed. */
  open(run: SyncRun): Promise<Opened>;
  /** Opens what a run needs to end, whatever became of its source and destination. */
  openStores(run: SyncRun): Promise<Stores>;
  /** Aborted when the run is canceled. */
  readonly signal: AbortSignal;
  readonly randomBytes: RandomBytes;
  readonly random: () => number;
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  /** Where diff files of this run stand, e.g. `homeport-syncs/syn_…/run_…/`. */
  readonly prefix: string;
  /** Takes what a run that is over leaves for the next one, in the transaction that ends it. */
  readonly ended: (run: SyncRun) => void;
  /** Characters of a diff file; tests take fewer. */
  readonly fileChars?: number;
  /** What somebody said that this run may. */
  readonly guard: { readonly allowDeletes: boolean; readonly allowMassChange: boolean };
};

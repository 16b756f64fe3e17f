import type { ArchiveMonthPort, ArchivePort } from "./archive/ports.ts";
import type { Config } from "./config.ts";
import type { RandomBytes } from "./core/base32.ts";
import type { DestinationId, HomeRegion, SourceId, WorkspaceId } from "./core/ids.ts";
import type { LaneConfig, LanePort, LaneReport } from "./deliver/lane/ports.ts";
import type { EvidenceReport } from "./egress/evidence.ts";
import type { Append, AppendAnswer } from "./ingest/append.ts";
import type { SuppressedUsers } from "./ingest/queue/suppressions.ts";
import type { LanePiece } from "./ingest/queue/lane-reads.ts";
import type { EdgeCount, EdgeOutcome } from "./region/edge.ts";
import type { ReplayId, ReplayPort } from "./replay/replay.ts";
import type { LaneRef } from "./region/object-names.ts";
import type { IngestRegion } from "./region/regions.ts";
import type { RaisedAlert } from "./workspace/alerts.ts";
import type { SyncNotice } from "./sync/alerts/notice.ts";
import type { SyncRun } from "./sync/run/run.ts";
import type { ConnectionId, SyncId } from "./sync/sync.ts";
import type { ConnectionConfig, SyncConfig, SyncPort } from "./sync/ports.ts";
import type { BucketKeysPort } from "./workspace/storage-ports.ts";
import type { QueueRef, Route, SourceConfig } from "./workspace/source-config.ts";

/**
 * Ports: what route handlers and objects may reach, in domain words. Stubs of the objects satisfy
 * them structurally, so nothing under `src/<stage>` knows an object's class.
 */
export interface Services {
  readonly config: Config;
  now(): number;
  readonly random: RandomBytes;
  workspace(id: WorkspaceId): WorkspacePort;
  directory(region: HomeRegion): DirectoryPort;
  queue(sourceId: SourceId, ref: QueueRef): QueuePort;
  lane(ref: LaneRef): LanePort;
  replay(id: ReplayId): ReplayPort;
  sync(id: SyncId): SyncPort;
  archive(sourceId: SourceId): ArchivePort;
  archiveMonth(sourceId: SourceId, month: string): ArchiveMonthPort;
  /** The source's config, at most 5 s old; while its Workspace cannot be reached, at most 60 s. */
  sourceConfig(sourceId: SourceId): Promise<SourceLookup>;
  /** Forgets a cached config, after a queue answered `moved`. */
  learnRoute(sourceId: SourceId, route: Route): void;
  /**
   * Counts a request by the place it came in at, at its workspace, or while that is not known at a
   * home region. It is told there within seconds, after the answer.
   */
  countEdge(target: EdgeTarget, colo: string, outcome: EdgeOutcome): void;
}

/** Where a request is counted by its place. */
export type EdgeTarget = WorkspaceId | HomeRegion;

export type SourceLookup =
  | { readonly kind: "found"; readonly config: SourceConfig }
  | { readonly kind: "unknown" }
  | { readonly kind: "unavailable" };

/** One queue of a source. */
export interface QueuePort {
  append(append: Append): Promise<AppendAnswer>;
  /** Takes a newer config at once; an older one is ignored. Returns when it is in force. */
  push(config: SourceConfig): Promise<void>;
  /** Commits a fence: every epoch below `config.route.n` is refused from now on, also after a crash. */
  fence(config: SourceConfig): Promise<void>;
  /**
   * Has everything that the queue has taken by now archived and dropped from its log, at once and
   * whatever its lanes still wanted of it: they read the files. Asked again with the first answer's
   * `throughSeq` until `isSettled`; what comes in meanwhile is not waited for.
   *
   * @param deletion The number of the deletion that the queue has taken part in once it is settled.
   * @param isAgain Whether that deletion is done again, so that it may come by a queue that was set back.
   * @throws Error when the queue was set back, to all who do not come again.
   */
  settle(throughSeq?: number, deletion?: number, isAgain?: boolean): Promise<QueueSettling>;
  /** Whether the queue serves by that version of the suppressions now, or a later one. */
  suppress(version: number): Promise<boolean>;
  /** One byte per fingerprint: 1 when this queue accepted it within the window. */
  known(prints: Uint8Array): Promise<Uint8Array>;
  /** What this queue knows of one event, by the fingerprint of its messageId. */
  find(print: Uint8Array): Promise<QueueSighting | undefined>;
  /** A piece of the log for a lane, which thereby says that it needs nothing before `fromSeq`. */
  readLog(read: LogRead): Promise<LogPiece>;
  /** Ends its work and removes all that it holds, because its source was deleted. */
  leave(): Promise<void>;
  /** Seals and archives what is due; harmless when nothing is. */
  poke(): Promise<void>;
  /** Counters since the queue began, by step and code. */
  counters(): Promise<readonly QueueCounter[]>;
  status(): Promise<QueueStatus>;
}

export type { LanePort, ReplayPort, SyncPort };
export type {
  ArchiveMonthPort,
  ArchivePort,
  EraseAnswer,
  EraseRequest,
  ExportAnswer,
  LinkAnswer,
  MessageFile,
} from "./archive/ports.ts";

/** What retention removed, for the audit chain. */
export type SweepNote = {
  readonly jobId: string;
  readonly files: number;
  readonly events: number;
  readonly beforeMs: number;
};

/** What a lane asks its queue for. */
export type LogRead = {
  readonly destinationId: DestinationId;
  /** The first event it wants; 1 when it has had none. */
  readonly fromSeq: number;
  /** The last event that it has settled and needs no more. */
  readonly passedSeq: number;
};

/** What a lane gets; `fromSeq` is where it really begins, after it was switched on. */
export type LogPiece =
  | {
      readonly kind: "chunks";
      readonly fromSeq: number;
      readonly chunks: readonly LanePiece[];
    }
  /** Nothing more now; the queue wakes the lane when there is. */
  | { readonly kind: "end"; readonly fromSeq: number }
  /** The log does not hold it any more; that archive file does. */
  | {
      readonly kind: "file";
      readonly fromSeq: number;
      readonly file: { readonly key: string; readonly firstSeq: number; readonly lastSeq: number };
    }
  /** Neither the log nor a file that the queue remembers holds it; it goes on at `nextSeq`. */
  | { readonly kind: "gone"; readonly fromSeq: number; readonly nextSeq: number }
  /** The destination is not on, as far as the queue knows. */
  | { readonly kind: "off" };

/** How far a queue is with what {@link QueuePort.settle} asked for. */
export type QueueSettling = { readonly throughSeq: number; readonly isSettled: boolean };

export type QueueSighting = {
  /** When it was committed, to the second. */
  readonly acceptedAtMs: number;
  /** The archive files of that second, one of which holds it; none while it waits in the log. */
  readonly files: readonly { readonly key: string }[];
  /** Its number, while the log holds it; absent from older code. */
  readonly seq?: number;
  /** The lanes that are on, and after which event each begins; absent from older code. */
  readonly lanes?: readonly { readonly destinationId: DestinationId; readonly startSeq: number }[];
};

export type QueueCounter = {
  readonly step: "accepted" | "duplicate" | "refused" | "noted" | "archived";
  readonly code: string;
  readonly count: number;
};

export type QueueStatus = {
  readonly waitingEvents: number;
  readonly waitingBytes: number;
  readonly databaseBytes: number;
  readonly oldestWaitingAtMs: number | undefined;
  readonly alert: string | undefined;
  /**
   * Open suspects of the months in which this queue left any; absent from older code, and while a
   * month does not answer.
   */
  readonly suspects?: number | undefined;
  /** Events taken and refused since it began, those of suppressed users aside; absent from older code. */
  readonly totals?: { readonly accepted: number; readonly refused: number };
};

/** What queues and Workers ask of a workspace; the management API has its own methods besides. */
export interface WorkspacePort extends BucketKeysPort {
  /** Adds requests that Workers judged by their place, beside those that its objects report. */
  addEdges(counts: readonly EdgeCount[]): Promise<void>;
  /** `queue` names the asker, which is then known as one that may hold data of the source. */
  sourceConfig(sourceId: SourceId, queue?: QueueRef): Promise<SourceConfig | undefined>;
  /**
   * An object by that name holds the number of an earlier deletion than it is asked for: its storage
   * was set back to an earlier time. The deletions since are done again. Told until they have come by.
   */
  wasSetBack(object: string, number: number): Promise<void>;
  /** The users of a source whose events are not stored; `undefined` when there is no such source. */
  suppressedUsers(sourceId: SourceId): Promise<SuppressedUsers | undefined>;
  /** A queue got its first event since it was empty: cron pokes it until it says it is empty. */
  queueFilled(sourceId: SourceId, queue: QueueRef): Promise<void>;
  queueDrained(sourceId: SourceId, queue: QueueRef): Promise<void>;
  /** A queue of that epoch nears its cap: doubles the shards, unless that epoch is over already. */
  raiseShards(sourceId: SourceId, epoch: number): Promise<void>;
  /**
   * Takes what an object reports of where it runs and whom it contacted. Durable once the returned
   * promise resolves; the same report again changes nothing, so it is sent until it is taken.
   */
  takeEvidence(report: EvidenceReport): Promise<void>;
  /** What a lane of that destination has to know; `undefined` when there never was one. */
  laneConfig(destinationId: DestinationId): Promise<LaneConfig | undefined>;
  /** Takes what a lane counted and how it stands. Durable once the returned promise resolves. */
  takeCounts(report: LaneReport): Promise<void>;
  /**
   * Takes over secret settings that a destination of that version renewed itself, sealed under the
   * workspace's data key. Ignored once somebody changed the destination: then they may be another's.
   */
  renewSecrets(
    destinationId: DestinationId,
    version: number,
    renewed: readonly { readonly field: string; readonly sealed: Uint8Array }[],
  ): Promise<void>;
  /**
   * Notes what is wrong with `subject`, an id of ours, as `raiser` found it, until that takes it
   * back. Durable once the returned promise resolves; telling it twice changes nothing.
   */
  raiseAlert(code: RaisedAlert, raiser: string, subject: string, sinceMs: number): Promise<void>;
  clearAlert(code: RaisedAlert, raiser: string): Promise<void>;
  /** What a sync has to know to run; `undefined` when there is none of that id. */
  syncConfig(syncId: SyncId): Promise<SyncConfig | undefined>;
  /** A connection that a run of a sync began with; `undefined` when it was taken away. */
  syncConnection(id: ConnectionId): Promise<ConnectionConfig | undefined>;
  /** Which of these ids belong to users who must not be sent; one answer for each, in order. */
  suppressedIds(
    subjectType: "USER_ID" | "ANONYMOUS_ID",
    ids: readonly string[],
  ): Promise<readonly boolean[]>;
  /** Whether there was a sync of that id, which was deleted, or goes with its workspace. */
  isSyncDeleted(syncId: SyncId): Promise<boolean>;
  /** Whether there is a sync of that id; one that was deleted, or only drafted, is none. */
  isSyncThere(syncId: SyncId): Promise<boolean>;
  /** Takes what happened to runs of a sync, to tell of it; known by its ids, so that it can be told twice. */
  takeSyncNotices(syncId: SyncId, notices: readonly SyncNotice[]): Promise<void>;
  /** A run ended: what comes after it, and what somebody has to be told, is begun. */
  syncRunEnded(syncId: SyncId, run: SyncRun): Promise<void>;
  /** Records in the audit chain what a job of a source's archive removed; once for each job. */
  noteSweep(sourceId: SourceId, sweep: SweepNote): Promise<void>;
  /**
   * Whether objects of that source were emptied, or are being so, because it was deleted, or its
   * workspace: none of them may begin anew.
   */
  isGone(sourceId: SourceId): Promise<boolean>;
  /** Called by the directory, which has forgotten the workspace; true once nothing is left of it. */
  depart(): Promise<boolean>;
  /** Called by cron: pokes the queues that hold data and finishes what is overdue. */
  poke(): Promise<void>;
}

/** The workspaces of one home region. */
export interface DirectoryPort {
  /** Adds requests that were refused for their place before anybody knew whose they were. */
  addEdges(counts: readonly EdgeCount[]): Promise<void>;
  /** Those requests of the hours from `fromMs` on, newest first. */
  edges(fromMs: number): Promise<readonly EdgeCount[]>;
  list(after?: string): Promise<{ data: readonly DirectoryEntry[]; next: string | undefined }>;
  /** Pokes every workspace of the region; what cron calls. */
  pokeAll(): Promise<{ poked: number; failed: number }>;
}

export type DirectoryEntry = {
  readonly id: WorkspaceId;
  readonly name: string;
  readonly region: HomeRegion;
  readonly createdAt: string;
};

/** Host names and the ingest region they stand for, as handlers need them. */
export type HostRegion = IngestRegion | "any" | undefined;

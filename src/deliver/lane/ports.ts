import type { DestinationId, HomeRegion, SourceId } from "../../core/ids.ts";
import type { Exchange } from "../../egress/exchange.ts";
import type { OwnBuckets } from "../../region/own-bucket.ts";
import type { ArchiveLocation } from "../../region/regions.ts";
import type { RuleSettings } from "../filter/decide.ts";
import type { CredentialTest } from "../destinations.ts";
import type { DeliveryOutcome, ErasedFiles } from "../deliverer.ts";
import type { DeliveryCount } from "./counts.ts";

/** What a lane has to know of its destination. Secrets are sealed; only a lane opens them. */
export type LaneConfig = {
  readonly destinationId: DestinationId;
  readonly sourceId: SourceId;
  readonly sourceName: string;
  readonly region: HomeRegion;
  readonly slug: string;
  /** Counts up with every change of the destination. */
  readonly version: number;
  readonly state: "on" | "off" | "deleted";
  readonly settings: Readonly<Record<string, unknown>>;
  readonly sealed: SealedSecrets | undefined;
  readonly mappings: readonly unknown[];
  readonly declaredHosts: readonly string[];
  readonly rules: RuleSettings;
  readonly retryMs: number;
  readonly archiveLocations: readonly ArchiveLocation[];
  /** The source's own buckets; absent while it never had one. */
  readonly storage?: OwnBuckets;
  /** How long dead letters' files stay in the platform's bucket, in days; absent from older code. */
  readonly retentionDays?: number | "unlimited";
  /** Keys the hashes of user ids: in filters of dead letters' files, and of suppressed users. */
  readonly fingerprintKey: string;
  /** The version of the suppressions to deliver by; absent while there never was one. */
  readonly suppressions?: number;
  /**
   * The last deletion that every lane of the source has taken part in: one that has not was set back
   * to an earlier time. Absent from older code.
   */
  readonly deletion?: number;
};

/** Secret settings as they are kept: under a data key, which is wrapped by a key of the deployment. */
export type SealedSecrets = {
  readonly wrappedKey: Uint8Array;
  readonly fields: readonly { readonly field: string; readonly sealed: Uint8Array }[];
};

/** How a lane stands. */
export type LaneStatus = {
  /** The last event of the log that is delivered, given up, or waits in the lane. */
  readonly position: number;
  readonly waitingEvents: number;
  readonly waitingBytes: number;
  readonly nextAttemptAtMs: number | undefined;
  /** Until when nothing is sent, because the destination failed or asked for it. */
  readonly pausedUntilMs: number | undefined;
  readonly deadLetters: number;
  /** What keeps the lane from delivering at all, for example `invalid_settings`. */
  readonly alert: string | undefined;
  /** Since when it has not come to the end of its log, once that is 15 minutes ago. */
  readonly behindSinceMs?: number | undefined;
};

/** What a lane tells its workspace: totals, so that telling it twice changes nothing. */
export type LaneReport = {
  /** The lane's name. */
  readonly lane: string;
  readonly destinationId: DestinationId;
  readonly sourceId: SourceId;
  readonly atMs: number;
  readonly counts: readonly DeliveryCount[];
  readonly status: LaneStatus;
};

/** The last event that was not delivered, cut to what a person needs to see what is wrong. */
export type FailureSample = {
  readonly atMs: number;
  readonly code: string;
  readonly attempts: number;
  /** The event's JSON, cut. */
  readonly event: string;
};

/** One file of dead letters. */
export type DeadLetterFile = {
  readonly key: string;
  /** Why: all letters of a file have the same code. */
  readonly code: string;
  readonly events: number;
  readonly firstAtMs: number;
  readonly lastAtMs: number;
  /** `gathering`: not in the bucket yet. `redriving`: on its way back to the destination. */
  readonly state: "gathering" | "stored" | "redriving";
};

/** One event of the queue's log: its number, or those between which it is. */
export type TraceQuery = {
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly messageId: string;
  readonly acceptedAtMs: number;
};

/** Where one event is on its way to one destination, as far as its lane knows. */
export type EventTrace =
  | {
      readonly kind: "waiting";
      /** Why the last attempt did not settle it; empty when it waits for others of its user. */
      readonly code: string;
      readonly attempts: number;
      readonly nextAttemptAtMs: number;
    }
  | {
      readonly kind: "dead-letter";
      readonly code: string;
      readonly attempts: number;
      /** The file it stands in; absent before that is written. */
      readonly file?: string;
    }
  /** The lane has not settled it yet. */
  | { readonly kind: "ahead" }
  /**
   * It is settled. `hasOtherEnds` says whether the lane counted, since the event came in and as far
   * as it remembers, any event that was filtered or given up: if not, this one was delivered.
   */
  | { readonly kind: "passed"; readonly hasOtherEnds: boolean }
  /** It cannot be said: the lane is in the midst of its file, or has too many dead letters. */
  | { readonly kind: "unknown" };

/** One dead letter that was looked for. */
export type FoundDeadLetter = {
  readonly file: string;
  readonly code: string;
  readonly reason: string;
  readonly attempts: number;
  readonly event: unknown;
};

export type DeadLetterQuery = {
  /** Only those of that code. */
  readonly code?: string;
  readonly limit: number;
};

/** What a test of a destination showed. */
export type DestinationTest =
  | {
      readonly kind: "sent";
      readonly outcome: DeliveryOutcome | { readonly kind: "filtered"; readonly code: string };
      readonly exchanges: readonly Exchange[];
      /** What the vendor says of the credentials, or why it was not asked; absent from older code. */
      readonly credentials?: CredentialTest;
    }
  /** The settings do not make a destination; `why` is ours and quotes nothing. */
  | { readonly kind: "not-ready"; readonly why: string };

/** Users who are to be forgotten; `USER_ID` is `userId` and `previousId` of events. */
export type LaneSubjects = {
  readonly type: "USER_ID" | "ANONYMOUS_ID";
  readonly ids: readonly string[];
  /** The number of the deletion that the lane has taken part in once it is clean of them. */
  readonly deletion?: number;
  /** Whether that deletion is done again, so that it may come by a lane that was set back. */
  readonly isAgain?: boolean;
};

/**
 * What became of {@link LanePort.forget}. `isClean` says that a look afterwards found nothing of them,
 * and that what was given free is overwritten; unless it does, it has to be asked again.
 */
export type LaneForgetting = {
  readonly isClean: boolean;
  readonly erased: number;
  /** A code, when it is not clean and will not be before somebody changes something. */
  readonly error?: string;
};

/** How far a destination was asked; `next` is where to go on, absent once that is over. */
export type DestinationForgetting = {
  readonly status: "FINISHED" | "FAILED" | "NOT_SUPPORTED" | "RUNNING";
  readonly next?: number;
  /** In place of `next` where a destination's files are gone through. */
  readonly position?: string;
  /** Asking again will help, so that it does not count as a try that failed. */
  readonly isPassing?: true;
  /** What was done in files by this call. */
  readonly counts?: ErasedFiles["counts"];
  /** Segment's code or the status of the answer. */
  readonly error?: string;
};

/** One destination's way through one queue. */
export interface LanePort {
  /** There is something to do. Returns at once. */
  wake(): Promise<void>;
  /** Ends its work and removes all that it holds, because its source was deleted. */
  leave(): Promise<void>;
  status(): Promise<LaneStatus>;
  /** Sends one event now, past the log and the counts, and shows what went over the wire. */
  sendTest(event: Readonly<Record<string, unknown>>): Promise<DestinationTest>;
  sample(): Promise<FailureSample | undefined>;
  /** Where one event is on its way to the destination. */
  locate(query: TraceQuery): Promise<EventTrace>;
  deadLetters(): Promise<readonly DeadLetterFile[]>;
  searchDeadLetters(query: DeadLetterQuery): Promise<readonly FoundDeadLetter[]>;
  /** Sends dead letters again, all or those of one code; how many. */
  redrive(code?: string): Promise<number>;
  /**
   * Whether the lane delivers by that version of the suppressions, or a later one, and no request is
   * in flight that was decided by an earlier one.
   */
  suppress(version: number): Promise<boolean>;
  /** Takes users out of all that the lane keeps, after its requests in flight ended. */
  forget(subjects: LaneSubjects): Promise<LaneForgetting>;
  /**
   * Asks the destination itself to forget them, from the one with that index on, or has its files
   * rewritten, from that position on.
   */
  forgetAtDestination(
    subjects: LaneSubjects,
    from: number,
    position?: string,
  ): Promise<DestinationForgetting>;
}

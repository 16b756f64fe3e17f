import type { RegulationId, SourceId } from "../core/ids.ts";

/** Segment's seven types, under their present names. */
export const REGULATION_TYPES = [
  "SUPPRESS_ONLY",
  "UNSUPPRESS",
  "DELETE_INTERNAL",
  "SUPPRESS_WITH_DELETE_INTERNAL",
  "DELETE_ONLY",
  "SUPPRESS_WITH_DELETE",
  "DELETE_ARCHIVE_ONLY",
] as const;
/** The type of a request to see a user's events: it goes the way of regulations, and deletes nothing. */
export const SUBJECT_ACCESS = "SUBJECT_ACCESS";

export type RegulationType = (typeof REGULATION_TYPES)[number] | typeof SUBJECT_ACCESS;

/** What an id of a request names: `userId` and `previousId` of events, or `anonymousId`. */
export const SUBJECT_TYPES = ["USER_ID", "ANONYMOUS_ID"] as const;
export type SubjectType = (typeof SUBJECT_TYPES)[number];

/** Segment's seven statuses, of a regulation and of each part of it. */
export const REGULATION_STATUSES = [
  "INITIALIZED",
  "INVALID",
  "NOT_SUPPORTED",
  "RUNNING",
  "PARTIAL_SUCCESS",
  "FAILED",
  "FINISHED",
] as const;
export type RegulationStatus = (typeof REGULATION_STATUSES)[number];

/** Ids of one call, as at Segment. */
export const SUBJECTS_MAX = 5_000;

/** Characters of one id: events with longer ones are refused, since an event is 32 KB at most. */
export const SUBJECT_CHARS_MAX = 32_768;

/** All ids of one call together: Segment's 4 MB. */
export const SUBJECTS_CHARS_MAX = 4_000_000;

/** A deletion has to be over this long after it was asked for. */
export const DUE_MS = 30 * 86_400_000;

/** Requests are shown, with their subjects, for this long after they finished. */
export const SHOWN_MS = 90 * 86_400_000;

/** What a type does. */
export type Effects = {
  readonly suppression: "add" | "lift" | "none";
  /** `archive`: files and what waits to become one; `all`: every store, and destinations are told. */
  readonly deletion: "none" | "archive" | "internal" | "all";
};

const EFFECTS: Readonly<Record<RegulationType, Effects>> = {
  SUPPRESS_ONLY: { suppression: "add", deletion: "none" },
  UNSUPPRESS: { suppression: "lift", deletion: "none" },
  DELETE_INTERNAL: { suppression: "none", deletion: "internal" },
  SUPPRESS_WITH_DELETE_INTERNAL: { suppression: "add", deletion: "internal" },
  DELETE_ONLY: { suppression: "none", deletion: "all" },
  SUPPRESS_WITH_DELETE: { suppression: "add", deletion: "all" },
  DELETE_ARCHIVE_ONLY: { suppression: "none", deletion: "archive" },
  [SUBJECT_ACCESS]: { suppression: "none", deletion: "none" },
};

export function effectsOf(type: RegulationType): Effects {
  return EFFECTS[type];
}

/** A request as it comes in. */
export type RegulationDraft = {
  readonly type: RegulationType;
  readonly subjectType: SubjectType;
  readonly subjectIds: readonly string[];
  /** The one source it is about; all of the workspace when absent. */
  readonly sourceId?: string;
  /** Whether anonymous ids that stood on the lines of these users are forgotten like them. */
  readonly linkedAnonymousIds?: boolean;
};

/** A request as it is kept, without its subjects. */
export type Regulation = {
  readonly id: RegulationId;
  readonly type: RegulationType;
  readonly subjectType: SubjectType;
  /** How many ids it names. */
  readonly subjects: number;
  readonly sourceId: SourceId | undefined;
  readonly status: RegulationStatus;
  readonly createdAtMs: number;
  readonly finishedAtMs: number | undefined;
  readonly linkedAnonymousIds: boolean;
  /** To whom it names, as its certificate says it: see `commitmentOf`. Absent of early ones. */
  readonly commitment: string | undefined;
};

/** A request that was just written down. */
export type NewRegulation = Regulation & {
  /** Opens the commitment; told this once and kept nowhere. */
  readonly commitmentSalt: string;
};

/** The ids of a request, each once. */
export function distinctSubjects(ids: readonly string[]): readonly string[] {
  return [...new Set(ids)];
}

/** Whether it is over, so that nothing more is done for it. */
export function isOver({ status }: Pick<Regulation, "status">): boolean {
  return status !== "INITIALIZED" && status !== "RUNNING";
}

/** How one store or destination of a request stands. */
export type PartStatus = {
  /** For example `archive`, or a destination's id. */
  readonly id: string;
  readonly name: string;
  readonly status: RegulationStatus;
  /** A code, never what a vendor wrote. */
  readonly error?: string;
};

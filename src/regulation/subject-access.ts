import type { RegulationId, SourceId } from "../core/ids.ts";
import type { Progress } from "./progress.ts";
import type { RegulationStatus, SubjectType } from "./regulation.ts";

/** Ids of one request for access: whoever asks for more wants a replay. */
export const ACCESS_SUBJECTS_MAX = 100;

/** Requests of one workspace at a time; those that have expired do not count. */
export const ACCESSES_MAX = 1_000;

/** A request and its files are removed this long after it was finished. */
export const EXPORT_KEPT_MS = 7 * 86_400_000;

/** What somebody asks to see. */
export type AccessDraft = {
  readonly subjectType: SubjectType;
  readonly subjectIds: readonly string[];
  /** The one source it is about; all of the workspace when absent. */
  readonly sourceId?: SourceId;
};

/** A request to see the events of some users, until it expires. */
export type SubjectAccess = AccessDraft & {
  readonly id: RegulationId;
  readonly status: RegulationStatus;
  readonly createdAtMs: number;
  readonly finishedAtMs?: number;
  readonly progress: Progress;
};

/** When its files are removed; absent until it is over. */
export function expiresAtMs({ finishedAtMs }: SubjectAccess): number | undefined {
  return finishedAtMs === undefined ? undefined : finishedAtMs + EXPORT_KEPT_MS;
}

import type { SourceId } from "../core/ids.ts";
import type {
  NewRegulation,
  PartStatus,
  Regulation,
  RegulationDraft,
  SubjectType,
} from "../regulation/regulation.ts";
import type { ExportedFile } from "../regulation/progress.ts";
import type { AccessDraft, SubjectAccess } from "../regulation/subject-access.ts";
import type { AdminCall, Answer, Page, PageOf } from "./ports.ts";

/** What the management API asks of a workspace about users who want to be forgotten. */
export interface PrivacyPort {
  /** Writes the request down; suppressions are in force once it is FINISHED. */
  regulate(call: AdminCall, draft: RegulationDraft): Promise<Answer<NewRegulation>>;
  regulations(call: AdminCall, page: Page): Promise<Answer<PageOf<Regulation>>>;
  regulation(call: AdminCall, id: string): Promise<Answer<RegulationDetails>>;
  suppressions(call: AdminCall, page: Page): Promise<Answer<PageOf<SuppressedUser>>>;
  /** Which of these users are suppressed, for which source. */
  findSuppressions(
    call: AdminCall,
    subjectType: SubjectType,
    subjectIds: readonly string[],
  ): Promise<Answer<readonly SuppressedUser[]>>;
}

/** One request with its subjects, until they are cleared, and how each part of it stands. */
export type RegulationDetails = Regulation & {
  readonly subjectIds: readonly string[];
  readonly step: string;
  readonly parts: readonly PartStatus[];
  readonly certificate: string | undefined;
  /** How many anonymous ids were found beside its users, so far. */
  readonly linkedIds: number;
};

export type SuppressedUser = {
  readonly subjectType: SubjectType;
  readonly subjectId: string;
  /** The one source; all of the workspace when absent. */
  readonly sourceId: SourceId | undefined;
};

/** What the management API asks of a workspace about users who want to see their events. */
export interface AccessPort {
  requestAccess(call: AdminCall, draft: AccessDraft): Promise<Answer<SubjectAccess>>;
  subjectAccess(call: AdminCall, id: string): Promise<Answer<SubjectAccess>>;
  /** Where the file of that number stands; the first is 1. */
  exportedFile(call: AdminCall, id: string, number: number): Promise<Answer<ExportedFile>>;
}

import type { RegulationId, SourceId } from "../../src/core/ids.ts";
import type {
  Regulation,
  RegulationStatus,
  RegulationType,
  SubjectType,
} from "../../src/regulation/regulation.ts";

/** A row of `regulations`. */
export type RegulationRow = {
  position: number;
  id: RegulationId;
  source_id: string;
  type: string;
  subject_type: string;
  subjects: number;
  status: string;
  created_at_ms: number;
  finished_at_ms: number | null;
  progress: string;
  is_linked: number;
  commitment: string | null;
};

/** A row of `suppressions`. */
export type SuppressionRow = {
  position: number;
  subject_type: string;
  subject_id: string;
  source_id: string;
};

/** A standing refusal of one user's events. */
export type Suppression = {
  readonly position: number;
  readonly subjectType: SubjectType;
  readonly subjectId: string;
  readonly sourceId: SourceId | undefined;
};

/** Of {@link RegulationRow}. */
export const COLUMNS = `position, id, source_id, type, subject_type, subjects, status, created_at_ms,
  finished_at_ms, progress, is_linked, commitment`;

export function toRegulation(row: RegulationRow): Regulation {
  return {
    id: row.id,
    type: row.type as RegulationType,
    subjectType: row.subject_type as SubjectType,
    subjects: row.subjects,
    sourceId: row.source_id === "" ? undefined : (row.source_id as SourceId),
    status: row.status as RegulationStatus,
    createdAtMs: row.created_at_ms,
    finishedAtMs: row.finished_at_ms ?? undefined,
    linkedAnonymousIds: row.is_linked === 1,
    commitment: row.commitment ?? undefined,
  };
}

export function toSuppression(row: SuppressionRow): Suppression {
  return {
    position: row.position,
    subjectType: row.subject_type as SubjectType,
    subjectId: row.subject_id,
    sourceId: row.source_id === "" ? undefined : (row.source_id as SourceId),
  };
}

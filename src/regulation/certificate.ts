import type { Progress } from "./progress.ts";
import type { Regulation } from "./regulation.ts";

/**
 * The text of a deletion's certificate: what was done, in counts, hashes and ids of ours. Whom it was
 * about is in it as a commitment only, which the caller alone can open: see `commitmentOf`.
 */
export function certificateOf(
  { id, type, subjectType, subjects, sourceId, commitment }: Regulation,
  { counts, archives = {}, parts }: Progress,
  nowMs: number,
): string {
  const done = { ...counts, filesRewritten: 0, eventsErased: 0 };
  for (const { filesRewritten, eventsErased } of Object.values(archives)) {
    done.filesRewritten += filesRewritten;
    done.eventsErased += eventsErased;
  }
  return JSON.stringify({
    id,
    type,
    subjectType,
    subjects,
    commitment: commitment ?? null,
    sourceId: sourceId ?? null,
    counts: done,
    archives,
    parts,
    nowMs,
  });
}

import type { SourceId } from "../src/core/ids.ts";
import type { UnitResult } from "../src/regulation/progress.ts";
import type { ReplaysTable } from "./storage/replays-table.ts";
import type { Reach } from "./reach.ts";

/**
 * Has the next object of a source overwrite what its storage still holds of what was deleted: its
 * months, then its replays. Queues and lanes do so when they confirm that nothing is left in them.
 */
export async function scrubNext(
  sourceId: SourceId,
  note: string | undefined,
  { reach, replays }: { readonly reach: Reach; readonly replays: Pick<ReplaysTable, "idsOf"> },
): Promise<UnitResult> {
  const months = await reach.archive(sourceId).months();
  const objects = [
    ...months.map((month) => reach.archiveMonth(sourceId, month)),
    ...replays.idsOf(sourceId).map((id) => reach.replay(id)),
  ];
  // New months and replays come behind those that are known, and hold nothing of the users.
  const next = Number(note ?? 0);
  const object = objects[next];
  if (object === undefined) return { isOver: true };
  await object.scrub();
  const isOver = next + 1 >= objects.length;
  return { isOver, ...(isOver ? {} : { note: String(next + 1) }), counts: { objectsScrubbed: 1 } };
}

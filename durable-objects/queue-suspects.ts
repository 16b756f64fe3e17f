import { monthOf } from "../src/archive/key.ts";
import { inTime } from "../src/core/in-time.ts";
import type { QueueWorkDeps } from "./queue-work.ts";

/** Until a month has to have said how many suspects it has; the status goes on without it. */
const SUSPECTS_MS_MAX = 2_000;

/**
 * Open suspects of the months in which this queue tried more than one location for a file;
 * `undefined` when one of them does not say.
 */
export async function openSuspects(
  deps: Pick<QueueWorkDeps, "files" | "reach" | "sourceId">,
): Promise<number | undefined> {
  const { files, reach, sourceId } = deps;
  const months = [...new Set(files.daysInDoubt().map(monthOf))];
  const asked = months.map((month) => reach.archiveMonth(sourceId, month).suspects());
  try {
    const answers = await inTime(Promise.all(asked), SUSPECTS_MS_MAX);
    return answers.reduce((sum, { open }) => sum + open, 0);
  } catch {
    return undefined;
  }
}

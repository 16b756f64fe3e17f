import type { RunError } from "./run.ts";

/** Fewer deletions than this never stop a run, whatever their share. */
const DELETES_FREE = 100;

export type DeleteGuard = {
  readonly deletes: number;
  /** Keys that the destination accepted before. */
  readonly accepted: number;
  readonly percentMax: number;
  /** Whether somebody said of this run that it may. */
  readonly isAllowed: boolean;
};

/**
 * Why a run is stopped before it deletes: an emptied or broken source looks just like a source whose
 * rows are gone.
 */
export function deletesTooMany(guard: DeleteGuard): RunError | undefined {
  const { deletes, accepted, percentMax, isAllowed } = guard;
  if (isAllowed || deletes <= DELETES_FREE || deletes * 100 <= accepted * percentMax) {
    return undefined;
  }
  return {
    code: "delete_guard",
    message:
      `The run would delete ${deletes} of ${accepted} records, more than ${percentMax} %. ` +
      "Nothing was sent. Run it with allowDeletes if that is right, or look at the source.",
  };
}

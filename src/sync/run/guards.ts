import { isMassFalseChange } from "../engine/mass-change.ts";
import type { RunCounts, RunError } from "./run.ts";

/** Fewer deletions than this never stop a run, whatever their share. */
const DELETES_FREE = 100;

/**
 * Why a run is stopped before it deletes: an emptied or broken source looks just like a source whose
 * rows are gone. `accepted` is how many keys the destination accepted before.
 */
export function deletesTooMany(
  { deletes }: RunCounts,
  accepted: number,
  percentMax: number,
  isAllowed: boolean,
): RunError | undefined {
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

/** Why a run is stopped before it sends a mass of changes that are probably none. */
export function changesTooMany(
  { updates, sourceRows }: RunCounts,
  accepted: number,
  percentMax: number,
  {
    isContractChanged,
    isAllowed,
  }: { readonly isContractChanged: boolean; readonly isAllowed: boolean },
): RunError | undefined {
  const found = { isContractChanged, updates, accepted, sourceRows, percentMax };
  if (isAllowed || !isMassFalseChange(found)) return undefined;
  return {
    code: "mass_change_guard",
    message:
      `${updates} of ${accepted} records look changed since the source's server did, more than ${percentMax} %. ` +
      "Nothing was sent. Run it with allowMassChange to send them all.",
  };
}

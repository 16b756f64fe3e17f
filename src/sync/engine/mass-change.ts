/** Fewer changes than this never stop a run, whatever their share. */
const UPDATES_FREE = 100;

/** Counts that differ by so many percent are nearly equal: a table that only lives on. */
const COUNTS_PERCENT = 5;

/**
 * Whether a run found a mass of changes that are probably none: the way in which values become text
 * changed, as many rows are there as before, and most of them differ.
 */
export function isMassFalseChange(found: {
  /** Whether the server or its settings are others than when the state was made. */
  readonly isContractChanged: boolean;
  readonly updates: number;
  readonly accepted: number;
  readonly sourceRows: number;
  readonly percentMax: number;
}): boolean {
  const { isContractChanged, updates, accepted, sourceRows, percentMax } = found;
  if (!isContractChanged || updates <= UPDATES_FREE) return false;
  if (Math.abs(sourceRows - accepted) * 100 > accepted * COUNTS_PERCENT) return false;
  return updates * 100 > accepted * percentMax;
}

import { newRun } from "../../../src/sync/run/new-run.ts";
import { NO_COUNTS, type RunCounts, type SyncRun } from "../../../src/sync/run/run.ts";

/** A run of a sync that completed, unless `changes` say something else. */
export function makeRun({
  counts,
  ...changes
}: Partial<Omit<SyncRun, "counts">> & { readonly counts?: Partial<RunCounts> } = {}): SyncRun {
  const run = newRun(
    {
      kind: "sync",
      trigger: { kind: "manual", detail: undefined, scheduledForMs: undefined },
      isFull: false,
      allowDeletes: false,
      allowMassChange: false,
    },
    { id: "run_eu_1", syncId: "syn_eu_1", number: 1, place: "eu", isBusy: false, nowMs: 0 },
  );
  return {
    ...run,
    state: "completed",
    startedAtMs: 0,
    endedAtMs: 1_000,
    ...changes,
    counts: { ...NO_COUNTS, ...counts },
  };
}

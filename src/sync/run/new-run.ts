import type { RunRequest } from "../ports.ts";
import { NO_COUNTS, type SyncRun } from "./run.ts";
import { newSteps } from "./steps.ts";

/** A run as it is asked for; one that is asked for while another is under way is skipped. */
export function newRun(
  { kind, trigger }: RunRequest,
  {
    isBusy,
    nowMs,
    ...rest
  }: Pick<SyncRun, "id" | "syncId" | "number" | "place"> & {
    readonly isBusy: boolean;
    readonly nowMs: number;
  },
): SyncRun {
  return {
    ...rest,
    kind,
    trigger,
    state: isBusy ? "skipped" : "queued",
    isCanceled: false,
    fullSync: undefined,
    engine: undefined,
    steps: newSteps(),
    counts: NO_COUNTS,
    dryRun: undefined,
    error: undefined,
    createdAtMs: nowMs,
    startedAtMs: undefined,
    endedAtMs: isBusy ? nowMs : undefined,
  };
}

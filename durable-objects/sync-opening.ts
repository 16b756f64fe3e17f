import type { Opened } from "../src/sync/run/ports.ts";
import { RunFailed } from "../src/sync/run/run-work.ts";
import type { SyncRun } from "../src/sync/run/run.ts";
import type { SyncProblem } from "../src/sync/draft.ts";
import type { RunRequest, SyncConfig } from "../src/sync/ports.ts";
import type { SyncState } from "../src/sync/engine/state/sync-state.ts";
import type { SyncStorage } from "./storage/sync-storage.ts";
import type { SyncWorkDeps } from "./sync-work.ts";

export type OpeningDeps = SyncWorkDeps & {
  readonly storage: SyncStorage;
  readonly state: SyncState;
  readonly request: RunRequest;
  readonly signal: AbortSignal;
};

/** Opens everything that a run needs: its source, destination, bucket and diff. */
export async function openRun(_deps: OpeningDeps, _run: SyncRun): Promise<Opened> {
  throw new RunFailed("not_offered", "Syncs cannot run yet.");
}

/** What is wrong with a sync, asked of its source and destination; it changes nothing. */
export async function checkSync(
  _deps: Pick<OpeningDeps, "config" | "observer">,
  _config: SyncConfig,
): Promise<readonly SyncProblem[]> {
  return [{ path: "", message: "Syncs cannot be made yet." }];
}

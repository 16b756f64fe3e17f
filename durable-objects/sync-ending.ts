import type { RunRequest } from "../src/sync/ports.ts";
import type { SyncRun } from "../src/sync/run/run.ts";
import type { SyncStorage } from "./storage/sync-storage.ts";
import { NEXT_CONTRACT } from "./sync-diffs.ts";
import { closeUnload } from "./sync-unloads.ts";
import { closeWindow } from "./sync-window.ts";

/** What a run that is over leaves for the next one; part of the transaction that ends it. */
export function endRun(storage: SyncStorage, run: SyncRun, request: RunRequest): void {
  const contract = storage.get(NEXT_CONTRACT);
  const isWhole = run.state === "completed" && run.kind === "sync" && request.keys === undefined;
  if (isWhole && contract !== undefined) {
    const { inserts, updates, deletes } = run.counts;
    storage.set("contract", contract);
    // A run that sent everything says nothing of how much changes between two runs.
    if (run.fullSync === undefined) {
      storage.set("last-changes", String(inserts + updates + deletes));
    }
  }
  storage.forget(NEXT_CONTRACT);
  // What was refused has to be read again, so the next window begins where this one did.
  closeWindow(storage, run.id, isWhole && run.counts.rejected === 0);
  closeUnload(storage, run.id);
}

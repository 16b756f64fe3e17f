import { readStored } from "../src/core/stored-json.ts";
import {
  markOf,
  nextWindow,
  type KeptMark,
  type NextWindow,
} from "../src/sync/engine/watermark.ts";
import type { Model } from "../src/sync/model.ts";
import { RunFailed } from "../src/sync/run/run-failed.ts";
import { greatestModel, windowModel } from "../src/sync/source/postgres/window.ts";
import type { OpenedSource } from "../src/sync/source/open-source.ts";
import type { Sync } from "../src/sync/sync.ts";
import type { SyncStorage } from "./storage/sync-storage.ts";

/** The name under which the object keeps what a run of an append reads. */
export function windowOf(runId: string): string {
  return `window ${runId}`;
}

/** The name under which it keeps how far rows were read by runs that completed. */
export const MARK = "mark";

export type WindowDeps = {
  readonly storage: SyncStorage;
  readonly runId: string;
  readonly signal: AbortSignal;
  /** Opens a model of the sync's source. */
  readonly open: (model: Model) => Promise<OpenedSource>;
};

/**
 * What a run reads of its source: all of the model, or of an append with a watermark the rows of its
 * window, which stays the same over all slices of the run; `undefined` when the window is empty.
 *
 * @throws SourceFailure, RunFailed.
 */
export async function modelOfRun(sync: Sync, deps: WindowDeps): Promise<Model | undefined> {
  const { watermark, source } = sync;
  const { model } = source;
  if (watermark === undefined) return model;
  if (model.kind === "folder") {
    throw new RunFailed("watermark_not_offered", "Files have no watermark: take it away.");
  }
  const { storage, runId } = deps;
  const held = storage.get(windowOf(runId));
  const next =
    held === undefined ? await windowNow(model, watermark, deps) : readStored<NextWindow>(held);
  if (held === undefined) storage.set(windowOf(runId), JSON.stringify(next));
  return next.window === undefined ? undefined : windowModel(model, watermark.column, next.window);
}

/** A run is over: where the next one begins moves only once all of this one was read and sent. */
export function closeWindow(storage: SyncStorage, runId: string, isWhole: boolean): void {
  const held = storage.get(windowOf(runId));
  if (held === undefined) return;
  const { mark } = readStored<NextWindow>(held);
  if (isWhole && mark !== undefined) storage.set(MARK, JSON.stringify(mark));
  storage.forget(windowOf(runId));
}

async function windowNow(
  model: Exclude<Model, { readonly kind: "folder" }>,
  { column, first }: NonNullable<Sync["watermark"]>,
  { storage, signal, open }: WindowDeps,
): Promise<NextWindow> {
  const held = storage.get(MARK);
  const last = held === undefined ? undefined : readStored<KeptMark>(held);
  // Another column has other values; what was sent is known by its keys all the same.
  const kept = last?.column === undefined || last.column === column ? last : undefined;
  const source = await open(greatestModel(model, column, markOf(kept)));
  try {
    const [row] = await source.sample(1, signal);
    const { window, mark } = nextWindow(kept, row?.[0] ?? undefined, first);
    return { window, mark: mark === undefined ? undefined : { ...mark, column } };
  } finally {
    await source.close();
  }
}

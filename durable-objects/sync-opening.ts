import type { Config } from "../src/config.ts";
import { workspaceOf } from "../src/core/ids.ts";
import { err, ok } from "../src/core/result.ts";
import type { EgressObserver } from "../src/egress/guard.ts";
import type { Bucket } from "../src/s3/bucket.ts";
import type { SyncProblem } from "../src/sync/draft.ts";
import type { SpillStore } from "../src/sync/engine/spill.ts";
import type { SyncState } from "../src/sync/engine/state/sync-state.ts";
import type { Model } from "../src/sync/model.ts";
import { compileMapping } from "../src/sync/mapping/compile.ts";
import type { RecordMapper } from "../src/sync/mapping/mapping.ts";
import type { RunRequest, SyncConfig } from "../src/sync/ports.ts";
import { DiffFiles } from "../src/sync/run/diff-files.ts";
import type { DiffStore, Opened, Stores } from "../src/sync/run/ports.ts";
import { RunFailed } from "../src/sync/run/run-failed.ts";
import type { SyncRun } from "../src/sync/run/run.ts";
import { openSource, type OpenedSource } from "../src/sync/source/open-source.ts";
import { SourceFailure, type HashSeeds, type SourceRow } from "../src/sync/source/source.ts";
import type { ConnectionId, SyncId } from "../src/sync/sync.ts";
import { CatalogueTarget } from "../src/sync/target/catalogue-target.ts";
import { openTarget } from "../src/sync/target/open-target.ts";
import { targetProblems } from "../src/sync/target/target-problems.ts";
import type { Target } from "../src/sync/target/target.ts";
import { connectionContext, openConnection } from "./open-connection.ts";
import type { SyncStorage } from "./storage/sync-storage.ts";
import { LaneDestination } from "./lane-destination.ts";
import { DESTINATIONS } from "./offered-destinations.ts";
import { RestoreGuard } from "./restore-guard.ts";
import { platformBucket, unloadBucket, type BucketDeps } from "./sync-buckets.ts";
import { checkUnchanged, SyncDiffs } from "./sync-diffs.ts";
import { writeReport } from "./sync-reporting.ts";
import { seedsOf } from "./sync-seeds.ts";
import { heldUnload, takeUnload } from "./sync-unloads.ts";
import { modelOfRun } from "./sync-window.ts";
import type { Reach } from "./reach.ts";

export type OpeningDeps = {
  readonly id: SyncId;
  readonly config: Config;
  readonly reach: Reach;
  readonly observer: EgressObserver;
  readonly storage: SyncStorage;
  readonly state: SyncState;
  readonly spill: SpillStore;
  readonly request: RunRequest;
  readonly signal: AbortSignal;
};

/** Hashes do not matter where only the columns are asked. */
const NO_SEEDS: HashSeeds = { keyA: 0n, keyB: 0n, row: 0n };

const NO_WATERMARK: SyncProblem = {
  path: "watermark",
  message: "Only a table or a query has a watermark, files have none.",
};

const NOTHING = (): void => undefined;
const NOBODY = async (): Promise<void> => undefined;

/** Files of a bucket that nobody can open any more: they count as removed, so that syncs go on. */
const UNREACHABLE: DiffStore = {
  put: async () => err({ code: "unload_gone", isPassing: false }),
  read: async () => err({ code: "unload_gone", isPassing: false }),
  remove: async () => ok(undefined),
};

/** How long somebody who makes a sync waits for its source and destination. */
const CHECK_MS_MAX = 25_000;

/**
 * Opens everything that a run needs: its source, destination, bucket and diff.
 *
 * @throws SourceFailure, RunFailed.
 */
export async function openRun(deps: OpeningDeps, run: SyncRun): Promise<Opened> {
  const config = await deps.reach.workspace(workspaceOf(deps.id)).syncConfig(deps.id);
  if (config === undefined) {
    throw new RunFailed("sync_incomplete", "The sync, its connection or its destination is gone.");
  }
  const seeds = seedsOf(deps.storage);
  const { sync } = config;
  const bucket = await bucketOfRun(deps, takeUnload(deps.storage, run.id, sync.unload));
  if (bucket === undefined) {
    throw new RunFailed("unload_gone", "The connection that takes changed rows is gone.");
  }
  const open = (model: Model): Promise<OpenedSource> =>
    openSourceOf(deps, config, model, seeds, deps.signal);
  const model = await modelOfRun(sync, { ...deps, runId: run.id, open });
  const source = await open(model ?? sync.source.model);
  let target: Target | undefined;
  try {
    const compiled = compileMapping(sync, source.columns);
    if (!compiled.ok) throw new RunFailed("mapping_invalid", saying(compiled.error));
    const mapper = compiled.value;
    checkUnchanged(deps.storage, sync, mapper);
    target = await openTargetOf(deps, config, deps.signal);
    const diffs = new SyncDiffs({
      ...deps,
      sync,
      source,
      mapper,
      seeds,
      isEmpty: model === undefined,
      nextTurn: () => scheduler.wait(0),
    });
    const taken = target;
    return {
      sync,
      mapper,
      target: taken,
      store: new DiffFiles(bucket),
      isForced: isForced(deps.request),
      diff: (position) => diffs.begin(position),
      suppressed: (rows) => suppressedRows(deps, config, mapper, rows),
      close: async () => {
        await source.close();
        await taken.close?.();
      },
    };
  } catch (error) {
    await source.close();
    await target?.close?.();
    throw error;
  }
}

/** Opens what a run needs to end; what it put into a bucket of the customer's is looked for there. */
export async function openStores(
  deps: BucketDeps & Pick<OpeningDeps, "reach" | "storage">,
  run: SyncRun,
): Promise<Stores> {
  const config = await deps.reach.workspace(workspaceOf(deps.id)).syncConfig(deps.id);
  const bucket = await bucketOfRun(deps, heldUnload(deps.storage, run.id, config?.sync.unload));
  return {
    store: bucket === undefined ? UNREACHABLE : new DiffFiles(bucket),
    report: (part, records) => writeReport(deps, config, run, part, records),
  };
}

/** What is wrong with a sync, asked of its source and destination; it changes nothing. */
export async function checkSync(
  deps: Pick<OpeningDeps, "config" | "observer" | "reach">,
  config: SyncConfig,
): Promise<readonly SyncProblem[]> {
  const { sync } = config;
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), CHECK_MS_MAX);
  try {
    const { model } = sync.source;
    if (sync.watermark !== undefined && model.kind === "folder") return [NO_WATERMARK];
    const source = await openSourceOf(deps, config, model, NO_SEEDS, late.signal);
    await source.close();
    const compiled = compileMapping(sync, source.columns);
    if (!compiled.ok) return compiled.error;
    const target = await openTargetOf(deps, config, late.signal);
    try {
      return await targetProblems(sync, compiled.value, target, late.signal);
    } finally {
      await target.close?.();
    }
  } catch (error) {
    if (error instanceof RunFailed) return [{ path: "destination", message: error.message }];
    if (!(error instanceof SourceFailure)) throw error;
    return [{ path: "source", message: `${error.message}.` }];
  } finally {
    clearTimeout(timer);
  }
}

async function openSourceOf(
  { config: deployment, observer }: Pick<OpeningDeps, "config" | "observer">,
  { source }: SyncConfig,
  model: Model,
  seeds: HashSeeds,
  signal: AbortSignal,
): Promise<OpenedSource> {
  const opened = openConnection(deployment, source);
  const context = connectionContext(deployment, source, observer);
  return openSource(opened, model, seeds, context, signal);
}

async function openTargetOf(
  { config: deployment, observer, reach }: Pick<OpeningDeps, "config" | "observer" | "reach">,
  { destination }: SyncConfig,
  signal: AbortSignal,
): Promise<Target> {
  if (destination.kind === "connection") {
    const { connection } = destination;
    const context = connectionContext(deployment, connection, observer);
    return openTarget(openConnection(deployment, connection), context, signal);
  }
  const { config } = destination;
  const made = await new LaneDestination({
    config: deployment,
    reach,
    ref: config,
    destinations: DESTINATIONS,
    // Only lanes and replays hold events that a deletion has to reach through it.
    guard: new RestoreGuard({ read: () => undefined, write: NOTHING, tell: NOBODY, now: Date.now }),
    observer,
    now: () => Date.now(),
    changed: () => undefined,
  }).makeWatched(config, observer);
  if (made === undefined) {
    throw new RunFailed(
      "destination_unavailable",
      "The destination cannot be used as it is set up.",
    );
  }
  return new CatalogueTarget(made.deliverer);
}

/**
 * Where changed rows of a run are: in the bucket that the sync named when the run began, else in the
 * platform's of the region, and in no other; `undefined` when whoever owns it took its connection away.
 */
async function bucketOfRun(
  deps: BucketDeps & Pick<OpeningDeps, "reach">,
  id: ConnectionId | undefined,
): Promise<Bucket | undefined> {
  if (id === undefined) return platformBucket(deps);
  const unload = await deps.reach.workspace(workspaceOf(deps.id)).syncConnection(id);
  return unload === undefined ? undefined : unloadBucket(deps, unload);
}

async function suppressedRows(
  { reach, id }: OpeningDeps,
  { sync }: SyncConfig,
  mapper: RecordMapper,
  rows: readonly SourceRow[],
): Promise<readonly boolean[]> {
  const { userIdColumn, anonymousIdColumn } = sync.users;
  const workspace = reach.workspace(workspaceOf(id));
  const suppressed = rows.map(() => false);
  const ask = async (
    column: string | undefined,
    type: "USER_ID" | "ANONYMOUS_ID",
  ): Promise<void> => {
    if (column === undefined || rows.length === 0) return;
    const at = mapper.columns.indexOf(column);
    const answers = await workspace.suppressedIds(
      type,
      rows.map((row) => row[at] ?? ""),
    );
    for (const [index, isSuppressed] of answers.entries()) {
      if (isSuppressed) suppressed[index] = true;
    }
  };
  await ask(userIdColumn, "USER_ID");
  await ask(anonymousIdColumn, "ANONYMOUS_ID");
  return suppressed;
}

/** Whether somebody asked for just these rows. */
function isForced({ kind, keys }: RunRequest): boolean {
  return kind === "test" || keys !== undefined;
}

function saying(problems: readonly SyncProblem[]): string {
  return problems.map(({ message }) => message).join(" ");
}

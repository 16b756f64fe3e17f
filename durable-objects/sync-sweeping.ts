import type { Config } from "../src/config.ts";
import type { EgressObserver } from "../src/egress/guard.ts";
import { logPrefix } from "../src/sync/report/parquet-log.ts";
import { REPORTS_MS, sweepFiles } from "../src/sync/report/sweep-files.ts";
import { diffPrefix } from "../src/sync/run/diff-files.ts";
import type { SyncId } from "../src/sync/sync.ts";
import { emptyObject } from "./emptying.ts";
import { migrate } from "./storage/migrate.ts";
import { SYNC_MIGRATIONS } from "./storage/sync.schema.ts";
import type { SyncStorage } from "./storage/sync-storage.ts";
import { homeBuckets } from "./sync-buckets.ts";

export type SyncSweepingDeps = {
  readonly ctx: DurableObjectState;
  readonly id: SyncId;
  readonly config: Config;
  readonly observer: EgressObserver;
  readonly storage: SyncStorage;
  /** Whether the workspace has deleted the sync. */
  readonly isDeleted: () => Promise<boolean>;
  /** Whether the workspace has the sync: one that was only drafted is in none. */
  readonly isThere: () => Promise<boolean>;
  readonly hasRuns: () => boolean;
};

const DAY_MS = 86_400_000;
const SWEEP_AT = "sweep-at";
const DELETED = "deleted";
const EMPTIED = "emptied";
/** Between the answer that all is gone and the end of what is still in memory. */
const ABORT_MS = 20;
/** The part of a key that names the run. */
const RUN = /^[^/]+\/[^/]+\/([^/]+)\//;

/** Reports of one sync that are too old, and all of it once it was deleted. */
export class SyncSweeping {
  readonly #deps: SyncSweepingDeps;

  constructor(deps: SyncSweepingDeps) {
    this.#deps = deps;
  }

  /** When it is to be done; `undefined` while there is nothing to look for. */
  get dueAtMs(): number | undefined {
    const { storage } = this.#deps;
    // A run that is under way is ended first.
    if (this.isDeleted && storage.current() !== undefined) return undefined;
    const text = storage.get(SWEEP_AT);
    return text === undefined ? undefined : Number(text);
  }

  /** A run is going to leave a report, or somebody asked the object of a sync that may never be. */
  expect(nowMs: number): void {
    const { storage } = this.#deps;
    if (storage.get(SWEEP_AT) === undefined) storage.set(SWEEP_AT, String(nowMs + DAY_MS));
  }

  /** There is no such sync as far as its workspace says; what it kept goes if that deleted it. */
  async missing(): Promise<void> {
    const { storage, isDeleted } = this.#deps;
    if (this.isDeleted || !(await isDeleted())) return;
    storage.transaction(() => {
      storage.set(DELETED, "1");
      storage.set(SWEEP_AT, "0");
    });
  }

  /** Without any run it may be a draft's that was refused, or be back after all of it had gone. */
  async #isNoSync(): Promise<boolean> {
    const { isThere, hasRuns } = this.#deps;
    return !this.isDeleted && !hasRuns() && !(await isThere());
  }

  /** Removes what is too old. */
  async run(nowMs: number): Promise<void> {
    const { dueAtMs } = this;
    if (dueAtMs === undefined || dueAtMs > nowMs) return;
    const { storage } = this.#deps;
    if (await this.#isNoSync()) storage.set(DELETED, "1");
    const isLeft = await this.#sweep(nowMs);
    if (isLeft) storage.set(SWEEP_AT, String(nowMs + DAY_MS));
    else storage.forget(SWEEP_AT);
  }

  /**
   * Forgets all that a deleted sync kept, but for when its reports are looked for again; without any
   * all of the object goes. Returns whether it did: nothing may be written any more then.
   */
  async leave(): Promise<boolean> {
    const { ctx, storage } = this.#deps;
    if (!this.isDeleted || storage.current() !== undefined) return false;
    const sweepAt = storage.get(SWEEP_AT);
    if (sweepAt === undefined) {
      await emptyObject(ctx);
      return true;
    }
    if (storage.get(EMPTIED) !== undefined) return false;
    await ctx.storage.deleteAll();
    migrate(ctx.storage, SYNC_MIGRATIONS);
    storage.transaction(() => {
      storage.set(DELETED, "1");
      storage.set(EMPTIED, "1");
      storage.set(SWEEP_AT, sweepAt);
    });
    await ctx.storage.setAlarm(Number(sweepAt));
    await ctx.storage.sync();
    // What is in memory belongs to tables that are gone.
    setTimeout(() => ctx.abort("sync_deleted: The object was emptied"), ABORT_MS);
    return true;
  }

  /** Whether the sync was deleted: what is under way has to end. */
  get isDeleted(): boolean {
    return this.#deps.storage.get(DELETED) !== undefined;
  }

  async #sweep(nowMs: number): Promise<boolean> {
    const { id, storage } = this.#deps;
    const { isLeft } = await sweepFiles({
      buckets: homeBuckets(this.#deps),
      prefixes: [logPrefix(id), diffPrefix(id)],
      madeAtMs: (key) => storage.find(RUN.exec(key)?.[1] ?? "")?.endedAtMs,
      beforeMs: nowMs - REPORTS_MS,
    });
    return isLeft;
  }
}

import { DurableObject } from "cloudflare:workers";

import { parseConfig, type Config } from "../src/config.ts";
import { newChildId, workspaceOf } from "../src/core/ids.ts";
import { err, ok, type Result } from "../src/core/result.ts";
import { standing, standingText, type Standing } from "../src/region/placement.ts";
import type { StoreDeletion, StoreErased } from "../src/regulation/stores.ts";
import type { SyncPort } from "../src/services.ts";
import type {
  Place,
  PlacePage,
  RunRequest,
  SyncConfig,
  SyncRefusal,
  SyncStanding,
} from "../src/sync/ports.ts";
import type { SyncProblem } from "../src/sync/draft.ts";
import type { Sample } from "../src/sync/run/ports.ts";
import { newRun } from "../src/sync/run/new-run.ts";
import type { LogRecord, SyncRun } from "../src/sync/run/run.ts";
import type { Sync as SyncSpec, SyncId, SyncRunId } from "../src/sync/sync.ts";
import { emptyObject } from "./emptying.ts";
import { EvidenceKeeper } from "./evidence-keeper.ts";
import { reach, type Env, type Reach } from "./reach.ts";
import { migrate } from "./storage/migrate.ts";
import { SyncHistory } from "./storage/sync-history.ts";
import type { SyncStorage } from "./storage/sync-storage.ts";
import { SYNC_MIGRATIONS } from "./storage/sync.schema.ts";
import { SyncErasing } from "./sync-erasing.ts";
import { checkSync } from "./sync-opening.ts";
import { SyncSweeping } from "./sync-sweeping.ts";
import { SyncTelling, type Due } from "./sync-telling.ts";
import { requestOf, SyncWork } from "./sync-work.ts";

/** Of one alarm: far under the 15 minutes that an alarm may take. */
const SLICE_MS_MAX = 60_000;

/** When the alarm comes back if a slice dies without a word. */
const WATCHDOG_MS = 180_000;

/**
 * One sync: its schedule, one run at a time, and what its destination accepted.
 *
 * State: the tables of `sync.schema.ts`. Alarm: the next slice of the run under way, the next run of
 * the schedule, or evidence to tell, whichever comes first.
 */
export class Sync extends DurableObject<Env> implements SyncPort {
  readonly #id: SyncId;
  readonly #config: Config;
  readonly #reach: Reach;
  readonly #evidence: EvidenceKeeper;
  readonly #storage: SyncStorage;
  readonly #history: SyncHistory;
  readonly #work: SyncWork;
  readonly #erasing: SyncErasing;
  readonly #telling: SyncTelling;
  readonly #sweeping: SyncSweeping;
  readonly #place: Standing;
  #slice: Promise<void> | undefined;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#config = parseConfig(env as unknown as Record<string, unknown>);
    this.#place = standing(ctx.id, this.#config.jurisdictions);
    const { name } = this.#place;
    if (name.kind !== "sync") throw new Error("outside_jurisdiction: This object is no sync");
    this.#id = name.syncId;
    this.#reach = reach(env, this.#config);
    migrate(ctx.storage, SYNC_MIGRATIONS);
    this.#evidence = new EvidenceKeeper({
      storage: ctx.storage,
      standing: this.#place,
      push: (report) => this.#reach.workspace(workspaceOf(this.#id)).takeEvidence(report),
      now: () => Date.now(),
    });
    const { observer } = this.#evidence;
    const parts = { ctx, id: this.#id, config: this.#config, observer };
    this.#work = new SyncWork({ ...parts, reach: this.#reach });
    this.#erasing = new SyncErasing({
      ...parts,
      work: this.#work,
      configOf: () => this.#reach.workspace(workspaceOf(this.#id)).syncConfig(this.#id),
      connectionOf: (id) => this.#reach.workspace(workspaceOf(this.#id)).syncConnection(id),
    });
    this.#storage = this.#work.storage;
    this.#history = new SyncHistory(ctx.storage.sql);
    // What the isolate that is gone had begun does not have to wait for the watchdog.
    if (this.#work.wasInterrupted) ctx.waitUntil(ctx.storage.setAlarm(Date.now()));
    const workspace = () => this.#reach.workspace(workspaceOf(this.#id));
    this.#telling = new SyncTelling({
      storage: this.#storage,
      history: this.#history,
      take: (notices) => workspace().takeSyncNotices(this.#id, notices),
      end: (run) => workspace().syncRunEnded(this.#id, run),
    });
    this.#sweeping = new SyncSweeping({
      ...parts,
      storage: this.#storage,
      isDeleted: () => workspace().isSyncDeleted(this.#id),
      isThere: () => workspace().isSyncThere(this.#id),
      hasRuns: () => this.#history.nextNumber() > 1,
    });
  }

  async trigger(request: RunRequest): Promise<Result<SyncRun, SyncRefusal>> {
    const config = await this.#ask();
    if (config === undefined) return err({ kind: "sync-unknown" });
    const { sync } = config;
    if (sync.behaviour === "append" && request.isFull) return err({ kind: "append-not-full" });
    const begun = this.#storage.transaction(() =>
      this.#history.once(request.repeat, Date.now(), () => this.#begin(request)),
    );
    await this.#arm();
    return begun;
  }

  async standing(): Promise<SyncStanding> {
    return {
      current: this.#storage.current(),
      last: this.#history.last(),
      nextRunAtMs: this.#nextRunAtMs(),
      accepted: this.#storage.acceptedCount(),
    };
  }

  async runs(page: { readonly before?: number; readonly limit: number }) {
    return this.#history.page(page);
  }

  async runsByPlace(place: Place): Promise<PlacePage<SyncRun>> {
    return this.#history.place(place);
  }

  async run(id: SyncRunId | number): Promise<SyncRun | undefined> {
    return this.#history.find(id);
  }

  async cancel(id: SyncRunId | number): Promise<Result<SyncRun, SyncRefusal>> {
    const run = this.#history.find(id);
    if (run === undefined) return err({ kind: "run-unknown" });
    if (run.endedAtMs !== undefined) return err({ kind: "run-over", state: run.state });
    this.#work.cancel();
    await this.ctx.storage.setAlarm(Date.now());
    return ok(this.#history.find(id) ?? run);
  }

  async samples(
    id: SyncRunId | number,
    filter: { readonly kind?: Sample["kind"]; readonly identifier?: string },
  ): Promise<readonly LogRecord[]> {
    const run = this.#history.find(id);
    return run === undefined ? [] : this.#history.samples(run.number, filter);
  }

  async check(config: SyncConfig): Promise<readonly SyncProblem[]> {
    const { observer } = this.#evidence;
    try {
      return await checkSync({ config: this.#config, observer, reach: this.#reach }, config);
    } finally {
      await this.#visited();
    }
  }

  async erase(deletion: StoreDeletion, sync: SyncSpec): Promise<StoreErased> {
    try {
      return await this.#erasing.erase(deletion, sync);
    } finally {
      await this.#visited();
    }
  }

  async changed(): Promise<void> {
    await this.#ask();
    // A slice that is going on ends with it.
    if (this.#slice === undefined) await this.#arm();
  }

  async leave(): Promise<void> {
    await emptyObject(this.ctx);
  }

  override async alarm(): Promise<void> {
    this.#slice ??= this.#runSlice().finally(() => {
      this.#slice = undefined;
    });
    await this.#slice;
  }

  async #runSlice(): Promise<void> {
    await this.ctx.storage.setAlarm(Date.now() + WATCHDOG_MS);
    let due: Due | undefined;
    try {
      due = await this.#goOn();
    } catch {
      // The cause may quote a row. Memory may be ahead of storage: begin anew from there.
      this.ctx.abort("a sync failed");
    }
    await this.#sweeping.run(Date.now()).catch(() => undefined);
    await this.#evidence.run();
    if (await this.#sweeping.leave()) return;
    await this.#arm(due);
  }

  async #goOn(): Promise<Due | undefined> {
    const nowMs = Date.now();
    this.#history.prune(nowMs);
    if (this.#storage.current() === undefined) {
      // What a kill left unsaid.
      this.#telling.settle();
      const told = await this.#telling.tell();
      if (told !== undefined) return told;
      const scheduledForMs = this.#nextRunAtMs();
      if (scheduledForMs === undefined || scheduledForMs > nowMs) return undefined;
      const config = await this.#ask();
      if (config === undefined || config.sync.isPaused) return undefined;
      const kind = config.sync.schedule.kind === "continuous" ? "continuous" : "schedule";
      const trigger = { kind, detail: undefined, scheduledForMs } as const;
      this.#storage.transaction(() => this.#begin({ ...PLAIN, trigger }));
    }
    const { resumeAtMs } = this.#work;
    if (resumeAtMs !== undefined && resumeAtMs > nowMs) return { atMs: resumeAtMs };
    const run = this.#storage.current();
    if (run?.state === "queued") this.#telling.started({ ...run, startedAtMs: nowMs });
    const slice = await this.#work.advance(nowMs + SLICE_MS_MAX);
    const going = this.#storage.current();
    if (going === undefined) this.#ended();
    else this.#telling.running(going);
    const told = await this.#telling.tell();
    return slice.kind === "again" ? { atMs: slice.atMs } : told;
  }

  #ended(): void {
    this.#storage.transaction(() => {
      this.#storage.forget("canceled");
      this.#telling.settle();
    });
  }

  #begin(request: RunRequest): SyncRun {
    const nowMs = Date.now();
    const isBusy = this.#storage.current() !== undefined;
    const number = this.#history.nextNumber();
    const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));
    const run = newRun(request, {
      id: newChildId("run", workspaceOf(this.#id), random),
      syncId: this.#id,
      number,
      place: standingText(this.#place),
      isBusy,
      nowMs,
    });
    this.#history.add(run);
    if (isBusy) return run;
    this.#storage.began();
    this.#storage.set(requestOf(run.id), JSON.stringify(request));
    this.#telling.begun(run);
    this.#sweeping.expect(nowMs);
    this.#storage.setProgress({ phase: "identify", failures: 0 });
    return run;
  }

  /** Has the alarm tell whom that contacted, end a run that was in its way, and look for a sync at all. */
  async #visited(): Promise<void> {
    this.#sweeping.expect(Date.now());
    if (this.#slice === undefined) await this.#arm();
  }

  /** The config, with what of it the schedule needs kept. */
  async #ask(): Promise<SyncConfig | undefined> {
    const config = await this.#reach.workspace(workspaceOf(this.#id)).syncConfig(this.#id);
    if (config === undefined) {
      this.#work.schedule.drop();
      await this.#sweeping.missing();
      if (this.#sweeping.isDeleted && this.#storage.current() !== undefined) this.#work.cancel();
      return undefined;
    }
    this.#work.schedule.take(config.sync, Date.now());
    this.#telling.want(config.sync.alerts);
    return config;
  }

  #nextRunAtMs(): number | undefined {
    return this.#work.schedule.nextRunAtMs(this.#history.lastStarted(), Date.now());
  }

  /** Sets the alarm for whatever is due first. */
  async #arm(due?: Due): Promise<void> {
    const isGoing = this.#storage.current() !== undefined;
    const resumeAtMs = due?.atMs ?? this.#work.resumeAtMs;
    const work = isGoing ? (resumeAtMs ?? Date.now()) : this.#nextRunAtMs();
    const times = [work, due?.atMs, this.#sweeping.dueAtMs, this.#evidence.dueAtMs].filter(
      (time) => time !== undefined,
    );
    if (times.length === 0) await this.ctx.storage.deleteAlarm();
    else await this.ctx.storage.setAlarm(Math.max(Date.now(), Math.min(...times)));
  }
}

/** A run that nobody asked anything special of. */
const PLAIN = { kind: "sync", isFull: false, allowDeletes: false, allowMassChange: false } as const;

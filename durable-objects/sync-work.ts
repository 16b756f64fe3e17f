import type { Config } from "../src/config.ts";
import { readStored } from "../src/core/stored-json.ts";
import type { EgressObserver } from "../src/egress/guard.ts";
import { SyncState } from "../src/sync/engine/state/sync-state.ts";
import type { RunRequest } from "../src/sync/ports.ts";
import { diffPrefix } from "../src/sync/run/diff-files.ts";
import { RunWork, type RunSlice } from "../src/sync/run/run-work.ts";
import type { SyncRun } from "../src/sync/run/run.ts";
import type { SyncId } from "../src/sync/sync.ts";
import type { Reach } from "./reach.ts";
import { SyncSpillTable } from "./storage/sync-spill-table.ts";
import { SyncStateTable } from "./storage/sync-state-table.ts";
import { SyncStorage } from "./storage/sync-storage.ts";
import { endRun } from "./sync-ending.ts";
import { SyncSchedule } from "./sync-schedule.ts";
import { openRun, openStores } from "./sync-opening.ts";

export type SyncWorkDeps = {
  readonly ctx: DurableObjectState;
  readonly id: SyncId;
  readonly config: Config;
  readonly reach: Reach;
  readonly observer: EgressObserver;
};

/** The name under which the object keeps what a run was asked. */
export function requestOf(runId: string): string {
  return `request ${runId}`;
}

/** The names under which it keeps which run has a slice going on, and when the next one begins. */
const SLICE = "slice";
const RESUME_AT = "resume-at";

/** What a slice of work came to. */
export type WorkSlice =
  | { readonly kind: "again"; readonly atMs: number }
  | { readonly kind: "ended"; readonly run: SyncRun };

/** The run under way of one sync, and what its destination accepted. */
export class SyncWork {
  readonly storage: SyncStorage;
  readonly state: SyncState;
  readonly schedule: SyncSchedule;
  readonly #deps: SyncWorkDeps;
  readonly #spill: SyncSpillTable;
  #abort = new AbortController();

  constructor(deps: SyncWorkDeps) {
    this.#deps = deps;
    this.state = new SyncState(new SyncStateTable(deps.ctx.storage.sql));
    this.#spill = new SyncSpillTable(deps.ctx.storage.sql, () => this.storage.notePeak());
    this.storage = new SyncStorage(deps.ctx.storage, {
      accept: (accepted) => this.state.accept(accepted),
      count: () => this.state.counts().there,
      rolledBack: () => this.state.rolledBack(),
    });
    this.schedule = new SyncSchedule(this.storage);
  }

  /** Has the run under way stop as soon as its present calls have ended, also after a crash. */
  cancel(): void {
    this.storage.transaction(() => {
      this.storage.set("canceled", this.storage.run().id);
      this.storage.forget(RESUME_AT);
    });
    this.#abort.abort();
  }

  /** Whether a slice began in an isolate that is gone. */
  get wasInterrupted(): boolean {
    return this.storage.get(SLICE) !== undefined;
  }

  /** When the run under way goes on; it waits where a destination or a bucket is to be left alone. */
  get resumeAtMs(): number | undefined {
    const text = this.storage.get(RESUME_AT);
    return text === undefined ? undefined : Number(text);
  }

  clearSpill(): void {
    this.#spill.clear();
  }

  /** Goes on with the run under way until it is over or `untilMs`. */
  async advance(untilMs: number): Promise<WorkSlice> {
    const { storage } = this;
    const { id } = storage.run();
    this.#abort = new AbortController();
    if (storage.get("canceled") === id) this.#abort.abort();
    const request = this.#request(id);
    const { signal } = this.#abort;
    const parts = { storage, state: this.state, spill: this.#spill };
    const work = new RunWork({
      storage,
      open: (run) => openRun({ ...this.#deps, ...parts, request, signal }, run),
      openStores: (run) => openStores({ ...this.#deps, storage }, run),
      signal,
      randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
      random: () => Math.random(),
      now: () => Date.now(),
      sleep: (ms) => scheduler.wait(ms, { signal }).catch(() => undefined),
      prefix: `${diffPrefix(this.#deps.id)}${id}/`,
      guard: request,
      ended: (run) => this.#ended(run),
    });
    const slice = this.#begin(id, work) ?? (await work.advance(untilMs));
    await this.#tidy(untilMs);
    this.#end(slice);
    if (slice.kind === "again") return slice;
    const run = storage.find(id);
    if (run === undefined) throw new Error("Cannot end a run: it is not there");
    return { kind: "ended", run };
  }

  /** Notes that a slice began, and what it means that the one before it did not end. */
  #begin(id: string, work: RunWork): RunSlice | undefined {
    const { storage } = this;
    const slice = storage.get(SLICE) === id ? work.interrupted() : undefined;
    storage.transaction(() => {
      storage.set(SLICE, id);
      storage.forget(RESUME_AT);
    });
    return slice;
  }

  #end(slice: RunSlice): void {
    const { storage } = this;
    storage.transaction(() => {
      storage.forget(SLICE);
      if (slice.kind === "again") storage.set(RESUME_AT, String(slice.atMs));
    });
  }

  /** Folds what was accepted into pages, a piece in each transaction. */
  async #tidy(untilMs: number): Promise<void> {
    while (Date.now() < untilMs && this.storage.transaction(() => this.state.tidy())) {
      await scheduler.wait(0);
    }
  }

  /** What a run was asked; kept by its id, because the next one may be asked for before it is cleared up. */
  #request(id: string): RunRequest {
    const text = this.storage.get(requestOf(id));
    if (text === undefined) throw new Error("Cannot go on with a run: what it was asked is gone");
    return readStored<RunRequest>(text);
  }

  /** What the next run begins with; part of the transaction that ends this one. */
  #ended(run: SyncRun): void {
    const { id } = run;
    endRun(this.storage, run, this.#request(id));
    this.storage.forget(requestOf(id));
    this.storage.forget(RESUME_AT);
  }
}

import { SourceFailure } from "../source/source.ts";
import { changesTooMany, deletesTooMany } from "./guards.ts";
import { IdentifyPass } from "./identify.ts";
import { LoadPass } from "./load.ts";
import type { Opened, Progress, RunWorkDeps, Stores } from "./ports.ts";
import { RunBook } from "./run-book.ts";
import { RunFailed } from "./run-failed.ts";
import { dryRunOf, NO_COUNTS, type RunError } from "./run.ts";
import { newSteps, stepGrew } from "./steps.ts";

/** When diff files that the bucket would not remove are tried again. */
const CLEAN_AGAIN_MS = 60_000;

const INTERRUPTED: RunError = {
  code: "interrupted",
  message: "The run was broken off again and again before it came any further.",
};

/** What a slice came to. */
export type RunSlice =
  | { readonly kind: "done" }
  | { readonly kind: "again"; readonly atMs: number };

/**
 * One run of a sync, slice by slice: identify and unload, load, report, and clean up. All that a
 * slice knows is in storage before the next begins, so that a crash costs at most a piece of work that
 * is done again.
 */
export class RunWork {
  readonly #deps: RunWorkDeps;
  readonly #book: RunBook;
  #opened: Opened | undefined;
  #stores: Stores | undefined;
  #untilMs = 0;

  constructor(deps: RunWorkDeps) {
    this.#deps = deps;
    this.#book = new RunBook(deps.storage, deps.now);
  }

  /** Goes on until the run is over or `untilMs`. */
  async advance(untilMs: number): Promise<RunSlice> {
    this.#untilMs = untilMs;
    const { storage, now } = this.#deps;
    try {
      for (;;) {
        const { phase } = storage.progress();
        const slice = await this.#phase(phase);
        if (slice !== undefined) return slice;
        if (now() >= untilMs) return { kind: "again", atMs: now() };
      }
    } finally {
      await this.#opened?.close().catch(() => undefined);
      this.#opened = undefined;
    }
  }

  /**
   * The slice before this one ended with its isolate. Where that happens again and again and nothing
   * goes forward, as with a source too large for an isolate's time, the run is given up.
   */
  interrupted(): RunSlice | undefined {
    if (this.#book.mayGoOn()) return undefined;
    if (this.#deps.storage.progress().phase !== "clean") return this.#fail(INTERRUPTED);
    this.#book.close(this.#deps.ended);
    return { kind: "done" };
  }

  async #phase(phase: Progress["phase"]): Promise<RunSlice | undefined> {
    const { signal } = this.#deps;
    if (signal.aborted && isGoing({ phase })) {
      return this.#fail({ code: "canceled", message: "The run was canceled." });
    }
    try {
      switch (phase) {
        case "identify":
          return await this.#identify();
        case "load":
          return await this.#load();
        case "report":
          return await this.#report();
        case "clean":
          return await this.#clean();
      }
    } catch (error) {
      if (signal.aborted && isGoing({ phase })) return undefined;
      if (error instanceof SourceFailure) return this.#sourceFailed(error);
      if (!(error instanceof RunFailed)) throw error;
      return this.#fail(error);
    }
  }

  async #identify(): Promise<RunSlice | undefined> {
    const { storage, now, signal, randomBytes, prefix, fileChars } = this.#deps;
    const { position } = storage.progress();
    this.#book.begin("identify");
    if (position === undefined) {
      const gone = await this.#startOver();
      if (gone !== undefined) return gone;
    }
    const opened = await this.#open();
    const diff = await opened.diff(position);
    storage.transaction(() => {
      const run = storage.run();
      storage.save({ ...run, engine: diff.engine, fullSync: diff.fullSync });
    });
    const pass = new IdentifyPass({
      storage,
      opened,
      diff,
      signal,
      random: randomBytes,
      now,
      isOver: () => signal.aborted || now() >= this.#untilMs,
      prefix,
      kind: storage.run().kind,
      fileChars,
    });
    const end = await pass.run();
    switch (end.kind) {
      case "again":
        return { kind: "again", atMs: now() };
      case "source-failed":
        throw end.failure;
      case "bucket-failed":
        return this.#bucketFailed(end);
      case "done":
        return this.#judge(opened, diff.isContractChanged);
    }
  }

  /** What was found is to be sent, unless it is more than anybody would expect. */
  async #judge(opened: Opened, isContractChanged: boolean): Promise<undefined> {
    const { storage, guard } = this.#deps;
    const { counts, kind } = storage.run();
    if (kind === "dry_run") return this.#tellDryRun(opened);
    const { deleteSharePercentMax, changeSharePercentMax } = opened.sync.guards;
    const accepted = storage.acceptedCount();
    const refusal =
      deletesTooMany(counts, accepted, deleteSharePercentMax, guard.allowDeletes) ??
      changesTooMany(counts, accepted, changeSharePercentMax, {
        isContractChanged,
        isAllowed: guard.allowMassChange,
      });
    if (refusal !== undefined) return this.#fail(refusal);
    this.#book.next(["identify", "unload"], "load");
    return undefined;
  }

  /** What the run would have done; nothing is sent, and nothing counts as accepted. */
  async #tellDryRun(opened: Opened): Promise<undefined> {
    const { storage, signal } = this.#deps;
    const { object } = opened.sync.destination;
    const before = await opened.target.count?.(object, signal).catch(() => undefined);
    storage.transaction(() => {
      const run = storage.run();
      storage.save({ ...run, dryRun: dryRunOf(run.counts, before) });
    });
    this.#book.next(["identify", "unload"], "clean");
    return undefined;
  }

  async #load(): Promise<RunSlice | undefined> {
    const { storage, signal, random, now, sleep } = this.#deps;
    if (storage.nextFile() !== undefined) this.#book.begin("load");
    const opened = await this.#open();
    const run = storage.run();
    const meta = {
      syncId: run.syncId,
      runId: run.id,
      startedAtMs: run.startedAtMs ?? run.createdAtMs,
    };
    const isOver = (): boolean => signal.aborted || now() >= this.#untilMs;
    const pass = new LoadPass({ storage, opened, meta, signal, random, now, sleep, isOver });
    const end = await pass.run();
    switch (end.kind) {
      case "again":
        return { kind: "again", atMs: now() };
      case "later":
        return this.#later(end.waitMs, {
          code: "destination_unavailable",
          message: `The destination did not take records (${end.code}); they come again in the next run.`,
        });
      case "failed":
        return this.#fail(end);
      case "bucket-failed":
        return this.#bucketFailed(end);
      case "done":
        this.#book.next(["load"], "report");
        return undefined;
    }
  }

  async #report(): Promise<RunSlice | undefined> {
    const { storage } = this.#deps;
    let part = storage.nextLog();
    if (part !== undefined) this.#book.begin("report");
    while (part !== undefined) {
      const { part: number, records } = part;
      const stores = await this.#openStores();
      const written = await stores.report(number, records);
      if (!written.ok) return this.#bucketFailed(written.error);
      storage.transaction(() => {
        const run = storage.run();
        const report = stepGrew(run.steps.report, records.length, 0);
        storage.save({ ...run, steps: { ...run.steps, report } });
        storage.forgetLog(number);
      });
      part = storage.nextLog();
    }
    this.#book.next(["report"], "clean");
    return undefined;
  }

  /**
   * No diff file outlives its run, unless the bucket keeps refusing: then the next run cannot begin
   * before they are gone, and the bucket's own lifecycle is behind it.
   */
  async #clean(): Promise<RunSlice | undefined> {
    const failed = await this.#removeFiles();
    if (failed !== undefined && this.#book.mayGoOn()) {
      return { kind: "again", atMs: this.#deps.now() + CLEAN_AGAIN_MS };
    }
    this.#book.close(this.#deps.ended);
    return { kind: "done" };
  }

  /** An engine without a place begins anew: what it had written before is dropped. */
  async #startOver(): Promise<RunSlice | undefined> {
    const { storage } = this.#deps;
    const failed = await this.#removeFiles();
    if (failed !== undefined) return this.#bucketFailed(failed);
    storage.transaction(() => {
      const run = storage.run();
      const { identify } = run.steps;
      const steps = { ...newSteps(), identify: { ...identify, records: 0, bytes: 0 } };
      storage.save({ ...run, counts: NO_COUNTS, steps });
      storage.forgetInvalid();
    });
    return undefined;
  }

  async #removeFiles(): Promise<{ code: string; isPassing: boolean } | undefined> {
    const { storage } = this.#deps;
    const files = storage.files();
    if (files.length === 0) return undefined;
    const { store } = await this.#openStores();
    for (const file of files) {
      const removed = await store.remove(file.key);
      if (!removed.ok) return removed.error;
      storage.transaction(() => storage.forgetFile(file.ordinal));
    }
    return undefined;
  }

  async #open(): Promise<Opened> {
    return (this.#opened ??= await this.#deps.open(this.#deps.storage.run()));
  }

  async #openStores(): Promise<Stores> {
    return (this.#stores ??= await this.#deps.openStores(this.#deps.storage.run()));
  }

  #sourceFailed(failure: SourceFailure): RunSlice | undefined {
    const error = { code: `source_${failure.code}`, message: failure.message };
    if (!failure.isPassing) return this.#fail(error);
    return this.#later(0, error);
  }

  #bucketFailed({ code, isPassing }: { code: string; isPassing: boolean }): RunSlice | undefined {
    const error = {
      code: "bucket_unavailable",
      message: `The region's bucket did not do what was asked (${code}).`,
    };
    return isPassing ? this.#later(0, error) : this.#fail(error);
  }

  #later(waitMs: number, error: RunError): RunSlice | undefined {
    // A run that was canceled meanwhile waits for nobody.
    if (this.#deps.signal.aborted && isGoing(this.#deps.storage.progress())) return undefined;
    const atMs = this.#book.later(waitMs, error);
    return atMs === undefined ? undefined : { kind: "again", atMs };
  }

  #fail({ code, message }: RunError): undefined {
    this.#book.fail({ code, message });
    return undefined;
  }
}

/** Whether a run may still be canceled; what comes after it is done all the same. */
function isGoing({ phase }: Pick<Progress, "phase">): boolean {
  return phase === "identify" || phase === "load";
}

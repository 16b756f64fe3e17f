import { RETRY_AFTER_MS_MAX } from "../../deliver/lane/retry.ts";
import type { Progress, RunStorage } from "./ports.ts";
import type { RunError, StepName, SyncRun } from "./run.ts";
import { stepBegan, stepEnded, stepsCutShort } from "./steps.ts";

/** Passing failures one after another until a run gives up; the waits between them grow to minutes. */
const FAILURES_MAX = 8;
const FIRST_WAIT_MS = 1_000;
const WAIT_MS_MAX = 120_000;

/** Where a run is, kept in its storage with each turn that it takes. */
export class RunBook {
  readonly #storage: RunStorage;
  readonly #now: () => number;

  constructor(storage: RunStorage, now: () => number) {
    this.#storage = storage;
    this.#now = now;
  }

  begin(step: StepName): void {
    this.#storage.transaction(() => {
      const run = this.#storage.run();
      const nowMs = this.#now();
      const steps = { ...run.steps, [step]: stepBegan(run.steps[step], nowMs) };
      const startedAtMs = run.startedAtMs ?? nowMs;
      this.#storage.save({ ...run, state: "working", startedAtMs, steps });
    });
  }

  /** Those steps are over, and another part of the run begins. */
  next(steps: readonly StepName[], phase: Progress["phase"]): void {
    this.#storage.transaction(() => {
      const run = this.#storage.run();
      const nowMs = this.#now();
      const ended = Object.fromEntries(
        steps.map((name) => [name, stepEnded(run.steps[name], nowMs)]),
      );
      this.#storage.save({ ...run, steps: { ...run.steps, ...ended } });
      const { end } = this.#storage.progress();
      this.#storage.setProgress({ phase, failures: 0, ...(end === undefined ? {} : { end }) });
    });
  }

  /**
   * When to go on after something that may pass; the run fails when it has come to nothing too often
   * one after another.
   */
  later(waitMs: number, error: RunError): number | undefined {
    const { failures } = this.#storage.progress();
    if (!this.mayGoOn()) {
      this.fail(error);
      return undefined;
    }
    const backOffMs = Math.min(FIRST_WAIT_MS * 2 ** failures, WAIT_MS_MAX);
    return this.#now() + Math.max(Math.min(waitMs, RETRY_AFTER_MS_MAX), backOffMs);
  }

  /** Counts something that came to nothing, and says whether it may be tried again. */
  mayGoOn(): boolean {
    const progress = this.#storage.progress();
    const failures = progress.failures + 1;
    if (failures > FAILURES_MAX) return false;
    this.#storage.transaction(() => this.#storage.setProgress({ ...progress, failures }));
    return true;
  }

  /** Ends the run: what it did until now is reported, and what it left behind is removed. */
  fail(error: RunError): void {
    const { phase, end } = this.#storage.progress();
    const isReported = phase === "report" || phase === "clean";
    this.#storage.transaction(() => {
      const run = this.#storage.run();
      const kept = end ?? { state: "failed" as const, error };
      const steps = stepsCutShort(run, this.#now(), isReported);
      // Shown at once: cleaning up may take long, where a bucket refuses it.
      this.#storage.save({ ...run, error: kept.error, steps });
      this.#storage.setProgress({ phase: isReported ? "clean" : "report", failures: 0, end: kept });
    });
  }

  /** The run is over. */
  close(ended: (run: SyncRun) => void): void {
    this.#storage.transaction(() => {
      const { end } = this.#storage.progress();
      const run = this.#storage.run();
      const over: SyncRun = {
        ...run,
        state: end?.state ?? "completed",
        error: end?.error,
        isCanceled: end?.error?.code === "canceled",
        endedAtMs: this.#now(),
      };
      this.#storage.save(over);
      ended(over);
    });
  }
}

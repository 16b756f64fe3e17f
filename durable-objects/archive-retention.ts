import type { JobRef } from "../src/archive/jobs.ts";
import {
  endRetention,
  isSweepFailing,
  narrowRetention,
  newRetention,
  nextSweepAt,
  postponeRetention,
  runRetention,
  type RetentionJob,
  type RetentionProgress,
} from "../src/archive/retention.ts";
import { newChildId, workspaceOf, type SourceId } from "../src/core/ids.ts";
import { readStored } from "../src/core/stored-json.ts";
import type { SourceConfig } from "../src/workspace/source-config.ts";
import type { ArchiveTurns } from "./archive-turns.ts";
import type { Reach } from "./reach.ts";

export type ArchiveRetentionDeps = {
  readonly storage: DurableObjectStorage;
  readonly sourceId: SourceId;
  readonly reach: Reach;
  readonly turns: ArchiveTurns;
};

/** Until the workspace is asked again for a retention that it could not tell. */
const ASK_AGAIN_MS = 600_000;

/**
 * The sweep of one source's files that are older than its retention: once a day, in slices, as a job
 * among the others. The job's row is its position; a kill at any instant repeats a page at most.
 */
export class ArchiveRetention {
  readonly #deps: ArchiveRetentionDeps;
  /** Not before this instant, after the workspace could not be asked. */
  #askAtMs = 0;
  /** What the workspace was told last; not known after a start. */
  #toldFailing: boolean | undefined;

  constructor(deps: ArchiveRetentionDeps) {
    this.#deps = deps;
  }

  /** The present or the last sweep. */
  progress(): RetentionProgress | undefined {
    const last = this.#last();
    if (last === undefined) return undefined;
    const waitsFor = this.#waitsFor(last);
    return waitsFor === undefined ? last.progress : { ...last.progress, waitsFor };
  }

  /** When there is something to do; `undefined` while the archive is empty, or another job is on. */
  dueAtMs(): number | undefined {
    const last = this.#last();
    if (last?.progress.state === "running") {
      return this.#waitsFor(last) === undefined ? last.nextAtMs : undefined;
    }
    const openedAtMs = this.#firstOpenedAtMs();
    if (openedAtMs === undefined) return undefined;
    const lastMs = last?.progress.startedAtMs ?? openedAtMs;
    return Math.max(nextSweepAt(lastMs, this.#deps.sourceId), this.#askAtMs);
  }

  /** Begins or goes on with what is due. Never throws: what failed is done again later. */
  async run(isOver: () => boolean): Promise<void> {
    const nowMs = Date.now();
    const dueAtMs = this.dueAtMs();
    if (dueAtMs === undefined || dueAtMs > nowMs) return;
    const job = await this.#present(nowMs);
    if (job === undefined) return;
    const { turns } = this.#deps;
    const { id } = job.progress;
    if (turns.enter({ id, kind: "retention" }, nowMs).kind === "waiting") return;
    const done = await this.#runSlice(job, isOver);
    this.#save(done);
    if (done.progress.state !== "running") turns.leave(id);
    await this.#tell(done.progress);
  }

  /** The workspace hears that sweeps fail, and that one did not; what it did not hear, from the next. */
  async #tell(progress: RetentionProgress): Promise<void> {
    const { reach, sourceId } = this.#deps;
    const isFailing = isSweepFailing(progress, Date.now());
    // A sweep that only began says nothing of how it will end.
    if (isFailing === this.#toldFailing || (!isFailing && progress.state === "running")) return;
    const workspace = reach.workspace(workspaceOf(sourceId));
    const told = isFailing
      ? workspace.raiseAlert("retention_failed", sourceId, sourceId, progress.startedAtMs)
      : workspace.clearAlert("retention_failed", sourceId);
    await told.then(
      () => (this.#toldFailing = isFailing),
      () => undefined,
    );
  }

  async #runSlice(job: RetentionJob, isOver: () => boolean): Promise<RetentionJob> {
    try {
      const done = await this.#goOn(job, isOver);
      await this.#note(done);
      return done;
    } catch {
      return postponeRetention(this.#last() ?? job, "internal", Date.now());
    }
  }

  async #goOn(job: RetentionJob, isOver: () => boolean): Promise<RetentionJob> {
    const { reach, sourceId } = this.#deps;
    const config = await this.#config();
    const days = config?.retentionDays;
    if (days === undefined) return postponeRetention(job, "unavailable", Date.now());
    const wanted = { days, swept: config?.storage?.swept ?? [] };
    const limits = narrowRetention(job, wanted, Date.now());
    if (limits === undefined) return endRetention(job, "done", Date.now());
    const { beforeMs, own } = limits;
    return runRetention(job, {
      months: () => this.#months(),
      sweep: (month, _beforeMs, after) =>
        reach.archiveMonth(sourceId, month).sweep(beforeMs, after, own),
      save: (saved) => this.#save(saved),
      now: () => Date.now(),
      isOver,
    });
  }

  /** Before the end is saved, so that a sweep is not over until it is in the chain. */
  async #note({ progress }: RetentionJob): Promise<void> {
    const { reach, sourceId } = this.#deps;
    const { id, state, files, events, beforeMs } = progress;
    if (state === "running" || files === 0 || beforeMs === undefined) return;
    const note = { jobId: id, files, events, beforeMs };
    await reach.workspace(workspaceOf(sourceId)).noteSweep(sourceId, note);
  }

  /** The sweep that is on, or a new one by the retention that the source has now. */
  async #present(nowMs: number): Promise<RetentionJob | undefined> {
    const last = this.#last();
    if (last?.progress.state === "running") return last;
    const config = await this.#config();
    const days = config?.retentionDays;
    if (days === undefined) {
      this.#askAtMs = nowMs + ASK_AGAIN_MS;
      return undefined;
    }
    const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));
    const id = newChildId("job", workspaceOf(this.#deps.sourceId), random);
    const job = newRetention(id, days, nowMs, config?.storage?.swept ?? []);
    const { storage } = this.#deps;
    storage.transactionSync(() => {
      storage.sql.exec("DELETE FROM jobs WHERE kind = 'retention'");
      storage.sql.exec(
        "INSERT INTO jobs (id, kind, state, job) VALUES (?, 'retention', ?, ?)",
        id,
        job.progress.state,
        JSON.stringify(job),
      );
    });
    return job;
  }

  async #config(): Promise<SourceConfig | undefined> {
    const { reach, sourceId } = this.#deps;
    try {
      return await reach.workspace(workspaceOf(sourceId)).sourceConfig(sourceId);
    } catch {
      return undefined;
    }
  }

  #waitsFor({ progress }: RetentionJob): JobRef | undefined {
    return this.#deps.turns.waitsFor(progress.id);
  }

  #months(): readonly string[] {
    return this.#deps.storage.sql
      .exec<{ month: string }>("SELECT month FROM months ORDER BY month")
      .toArray()
      .map(({ month }) => month);
  }

  #firstOpenedAtMs(): number | undefined {
    const query = "SELECT MIN(opened_at_ms) AS at_ms FROM months";
    const { at_ms } = this.#deps.storage.sql.exec<{ at_ms: number | null }>(query).one();
    return at_ms ?? undefined;
  }

  #save(job: RetentionJob): void {
    this.#deps.storage.sql.exec(
      "UPDATE jobs SET state = ?, job = ? WHERE id = ?",
      job.progress.state,
      JSON.stringify(job),
      job.progress.id,
    );
  }

  #last(): RetentionJob | undefined {
    const [row] = this.#deps.storage.sql
      .exec<{ job: string }>(
        "SELECT job FROM jobs WHERE kind = 'retention' ORDER BY position DESC LIMIT 1",
      )
      .toArray();
    return row === undefined ? undefined : readStored<RetentionJob>(row.job);
  }
}

import {
  enterQueue,
  leaveQueue,
  runningJob,
  turnOf,
  type JobRef,
  type JobTurn,
  type QueuedJob,
} from "../src/archive/jobs.ts";
import { TurnsTable } from "./storage/turns-table.ts";

/** The exclusion of one source's jobs, on disk. Every change is one transaction. */
export class ArchiveTurns {
  readonly #storage: DurableObjectStorage;
  readonly #table: TurnsTable;
  readonly #began: (job: QueuedJob) => void;

  /** @param began Called with a job that just got its turn, so that it is woken. */
  constructor(storage: DurableObjectStorage, began: (job: QueuedJob) => void) {
    this.#storage = storage;
    this.#table = new TurnsTable(storage.sql);
    this.#began = began;
  }

  /** All jobs, the one that entered first in front. */
  queue(): readonly QueuedJob[] {
    return this.#table.queue();
  }

  /** The job that this one waits for; none when it has its turn, or did not enter. */
  waitsFor(jobId: string): JobRef | undefined {
    const queue = this.#table.queue();
    if (!queue.some(({ id }) => id === jobId)) return undefined;
    const turn = turnOf(queue, jobId);
    return turn.kind === "waiting" ? turn.waitsFor : undefined;
  }

  enter(job: JobRef, nowMs: number): JobTurn {
    return turnOf(
      this.#change((queue) => enterQueue(queue, job, nowMs), job.id),
      job.id,
    );
  }

  leave(jobId: string): void {
    this.#change((queue) => leaveQueue(queue, jobId), jobId);
  }

  /** @param asker Needs no waking: it has the answer. */
  #change(
    next: (queue: readonly QueuedJob[]) => readonly QueuedJob[],
    asker: string,
  ): readonly QueuedJob[] {
    const before = this.#table.queue();
    const after = next(before);
    if (JSON.stringify(after) !== JSON.stringify(before)) {
      this.#storage.transactionSync(() => this.#table.save(after));
    }
    const running = runningJob(after);
    const isNew = running !== undefined && running.id !== runningJob(before)?.id;
    if (isNew && running.id !== asker) this.#began(running);
    return after;
  }
}

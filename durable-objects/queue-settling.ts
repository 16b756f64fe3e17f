import { fillFreePages, scrubFreePages } from "../src/core/scrub-storage.ts";
import type { ArchiveOutcome } from "../src/ingest/queue/archiver.ts";
import type { QueueStorage } from "../src/ingest/queue/queue-storage.ts";
import type { SealRule } from "../src/ingest/queue/seal.ts";
import type { QueueSettling } from "../src/services.ts";
import type { GuardedLease } from "./guarded-lease.ts";

export type SettlerDeps = {
  readonly ctx: Pick<DurableObjectState, "storage" | "waitUntil">;
  readonly storage: QueueStorage;
  readonly lease: Pick<GuardedLease, "admits">;
  readonly seal: SealRule;
  /** The last event that is in the archive. */
  readonly archivedSeq: () => number;
};

/**
 * What a deletion needs of a queue: everything taken so far in the archive, where it can be rewritten,
 * and nothing of it left in the log. Kept in memory: whoever waits for it asks again.
 */
export class Settler {
  readonly #deps: SettlerDeps;
  #throughSeq = 0;
  /**
   * Up to here the log stands in pages that may hold more than it: what SQLite takes from free pages
   * keeps their bytes in its gaps. What came later stands in pages that were clean.
   */
  #soiledSeq = 0;
  /** What was dropped up to here is overwritten as well. */
  #scrubbedSeq = 0;
  #scrubbing: Promise<void> | undefined;
  #run: () => Promise<void> = () => Promise.resolve();

  constructor(deps: SettlerDeps) {
    this.#deps = deps;
  }

  /** When what waits is sealed: at once while somebody waits for it. */
  get rule(): SealRule {
    const { seal, archivedSeq } = this.#deps;
    return this.#throughSeq > archivedSeq() ? { ...seal, afterMs: 0 } : seal;
  }

  /**
   * Archives, unless the queue's storage was set back and no deletion asks for it: what it holds is
   * not to be seen by anybody before.
   */
  async admit(archive: () => Promise<ArchiveOutcome>): Promise<ArchiveOutcome> {
    const isAsked = this.#throughSeq > this.#deps.archivedSeq();
    if (isAsked || this.#deps.lease.admits) return archive();
    return {
      kind: "retry",
      why: "set_back: the storage is from before a deletion, which is repeated",
    };
  }

  /** How far the log may be dropped, where lanes would have it kept for them longer. */
  droppable(byLanes: number): number {
    return Math.max(byLanes, Math.min(this.#throughSeq, this.#deps.archivedSeq()));
  }

  /**
   * See `QueuePort.settle`.
   *
   * @param run Does all that is due. It is looked again right after it, so that what it dropped is
   *   overwritten before much else is written.
   */
  settle(asked: number | undefined, run: () => Promise<void>): QueueSettling {
    this.#run = run;
    const settling = this.#look(asked);
    if (!settling.isSettled) this.#runAndLook(settling.throughSeq);
    return settling;
  }

  #runAndLook(throughSeq: number): void {
    const looked = this.#run().then(() => void this.#look(throughSeq));
    this.#deps.ctx.waitUntil(looked.catch(() => undefined));
  }

  /** The segment is closed in this turn, so that it ends where it was asked. */
  #look(asked: number | undefined): QueueSettling {
    const { storage, archivedSeq } = this.#deps;
    if (asked === undefined) storage.rotate(Date.now());
    // A log that was set back to an earlier state has fewer events than were asked for.
    const throughSeq = Math.min(asked ?? Infinity, storage.log.nextSeq - 1);
    this.#throughSeq = Math.max(this.#throughSeq, throughSeq);
    if (this.#soiledSeq < throughSeq) {
      this.#scrub(fillFreePages, () => {
        this.#beginClean();
        this.#runAndLook(throughSeq);
      });
      return { throughSeq, isSettled: false };
    }
    const lastSeq = this.#soiledSeq;
    const isDropped = storage.log.segments.every(({ firstSeq }) => firstSeq > lastSeq);
    if (!isDropped || archivedSeq() < lastSeq) return { throughSeq, isSettled: false };
    if (this.#scrubbedSeq < lastSeq) {
      this.#scrub(scrubFreePages, () => {
        this.#scrubbedSeq = lastSeq;
      });
    }
    return { throughSeq, isSettled: this.#scrubbedSeq >= lastSeq };
  }

  /** From here on the log is written into clean pages; all before has to go. */
  #beginClean(): void {
    const { storage } = this.#deps;
    storage.rotate(Date.now());
    this.#soiledSeq = storage.log.nextSeq - 1;
    this.#throughSeq = Math.max(this.#throughSeq, this.#soiledSeq);
  }

  /** In turns beside the queue's own work; whoever waits for it asks again. */
  #scrub(overwrite: typeof scrubFreePages, done: () => void): void {
    const { ctx, storage } = this.#deps;
    if (this.#scrubbing !== undefined) return;
    this.#scrubbing = overwrite(ctx.storage, storage.freeBytes, () => scheduler.wait(0))
      .then(done)
      .finally(() => {
        this.#scrubbing = undefined;
      });
    ctx.waitUntil(this.#scrubbing.catch(() => undefined));
  }
}

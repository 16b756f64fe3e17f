import type { QueueStorage } from "../src/ingest/queue/queue-storage.ts";
import { scrubFreePages } from "../src/core/scrub-storage.ts";
import type { SealRule } from "../src/ingest/queue/seal.ts";
import type { QueueSettling } from "../src/services.ts";

export type SettlerDeps = {
  readonly ctx: Pick<DurableObjectState, "storage" | "waitUntil">;
  readonly storage: QueueStorage;
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
  /** What was dropped up to here is overwritten as well. */
  #scrubbedSeq = 0;
  #scrubbing: Promise<void> | undefined;

  constructor(deps: SettlerDeps) {
    this.#deps = deps;
  }

  /** When what waits is sealed: at once while somebody waits for it. */
  get rule(): SealRule {
    const { seal, archivedSeq } = this.#deps;
    return this.#throughSeq > archivedSeq() ? { ...seal, afterMs: 0 } : seal;
  }

  /** How far the log may be dropped, where lanes would have it kept for them longer. */
  droppable(byLanes: number): number {
    return Math.max(byLanes, Math.min(this.#throughSeq, this.#deps.archivedSeq()));
  }

  /** See `QueuePort.settle`. The segment is closed in this turn, so that it ends where it was asked. */
  settle(asked: number | undefined): QueueSettling {
    const { storage, archivedSeq } = this.#deps;
    if (asked === undefined) storage.rotate(Date.now());
    // A log that was set back to an earlier state has fewer events than were asked for.
    const throughSeq = Math.min(asked ?? Infinity, storage.log.nextSeq - 1);
    this.#throughSeq = Math.max(this.#throughSeq, throughSeq);
    const isDropped = storage.log.segments.every(({ firstSeq }) => firstSeq > throughSeq);
    if (!isDropped || archivedSeq() < throughSeq) return { throughSeq, isSettled: false };
    if (this.#scrubbedSeq < throughSeq) this.#scrub(throughSeq);
    return { throughSeq, isSettled: this.#scrubbedSeq >= throughSeq };
  }

  /** In turns beside the queue's own work; whoever waits for it asks again. */
  #scrub(throughSeq: number): void {
    const { ctx, storage } = this.#deps;
    this.#scrubbing ??= scrubFreePages(ctx.storage, storage.freeBytes, () => scheduler.wait(0))
      .then(() => {
        this.#scrubbedSeq = Math.max(this.#scrubbedSeq, throughSeq);
      })
      .finally(() => {
        this.#scrubbing = undefined;
      });
    ctx.waitUntil(this.#scrubbing.catch(() => undefined));
  }
}

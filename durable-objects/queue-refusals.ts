import type { Counters } from "../src/ingest/queue/counters.ts";
import type { QueueStorage } from "../src/ingest/queue/queue-storage.ts";
import { IDLE_MS } from "../src/ingest/queue/schedule.ts";
import { REFUSED_MIN } from "../src/workspace/queue-watch.ts";

/** Counts of refusals are written at the latest this long after they were made. */
const WRITE_MS = 5_000;

/** That many were refused is noted this often at most: it is a row. */
const NOTE_MS = 60_000;

/**
 * What a queue counts of events that it does not store. While it refuses many it has something to tell
 * although it holds none, so its workspace has to go on looking at it.
 */
export class QueueRefusals {
  readonly #storage: QueueStorage;
  readonly #counters: Counters;
  #isWriteDue = false;
  /** All that were refused, as of the last commit, and as of the beginning of a while of their own. */
  #refused: number;
  #since: { readonly atMs: number; readonly refused: number };
  #manyAtMs: number;
  #notedAtMs: number;

  constructor({ storage, counters }: { storage: QueueStorage; counters: Counters }) {
    this.#storage = storage;
    this.#counters = counters;
    this.#refused = counters.totals(0).refused;
    this.#since = { atMs: 0, refused: this.#refused };
    this.#manyAtMs = storage.manyRefusedAtMs;
    this.#notedAtMs = this.#manyAtMs;
  }

  /** When many were refused last; 0 when never. */
  get manyAtMs(): number {
    return this.#manyAtMs;
  }

  /** Called in the turn of each commit; whether many were refused of late, and some by this one. */
  committed(nowMs: number): boolean {
    if (!this.#counters.hasPending) return false;
    this.#writeSoon();
    const { refused } = this.#counters.totals(0);
    const isNew = refused > this.#refused;
    if (Math.abs(nowMs - this.#since.atMs) > IDLE_MS) {
      this.#since = { atMs: nowMs, refused: this.#refused };
    }
    this.#refused = refused;
    if (!isNew || refused - this.#since.refused < REFUSED_MIN) return false;
    this.#manyAtMs = nowMs;
    return true;
  }

  write(): void {
    this.#counters.write();
    if (Math.abs(this.#manyAtMs - this.#notedAtMs) < NOTE_MS) return;
    this.#notedAtMs = this.#manyAtMs;
    this.#storage.noteManyRefused(this.#manyAtMs);
  }

  #writeSoon(): void {
    if (this.#isWriteDue) return;
    this.#isWriteDue = true;
    setTimeout(() => {
      this.#isWriteDue = false;
      this.write();
    }, WRITE_MS);
  }
}

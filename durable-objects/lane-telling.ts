import { inTime } from "../src/core/in-time.ts";
import { DeliveryCounts } from "../src/deliver/lane/counts.ts";
import type { LaneStorage } from "../src/deliver/lane/lane-storage.ts";
import type { LaneReport } from "../src/deliver/lane/ports.ts";

export type LaneTellingDeps = {
  readonly lane: LaneStorage;
  readonly now: () => number;
  readonly tell: (counts: LaneReport["counts"]) => Promise<void>;
};

/** Counts are on disk, and at the workspace, at the latest this long after they were made. */
const TELL_MS = 10_000;
const TELL_MS_MAX = 5_000;
const RETRY_MS = 60_000;

/** Minutes are kept here until the workspace has surely heard of them, and can change no more. */
const KEPT_MS = 600_000;

/** The counts of one lane: on disk, and that its workspace hears of them. */
export class LaneTelling {
  readonly counts: DeliveryCounts;
  readonly #deps: LaneTellingDeps;
  #tellAtMs: number | undefined;

  constructor(deps: LaneTellingDeps) {
    this.#deps = deps;
    const held = deps.lane.counts();
    this.counts = new DeliveryCounts(held);
    // What was told before a restart is not known; totals may be told twice.
    if (held.length > 0) this.#tellAtMs = deps.now();
  }

  get dueAtMs(): number | undefined {
    if (this.counts.isChanged) this.note();
    return this.#tellAtMs;
  }

  /** Something changed that the workspace should hear of. */
  note(): void {
    this.#tellAtMs ??= this.#deps.now() + TELL_MS;
  }

  /** Writes and tells what is due. */
  async run(): Promise<void> {
    const { lane, now, tell } = this.#deps;
    const dueAtMs = this.dueAtMs;
    const nowMs = now();
    if (dueAtMs === undefined || nowMs < dueAtMs) return;
    lane.saveCounts(this.counts.takeChanged());
    this.#tellAtMs = undefined;
    try {
      await inTime(tell(this.counts.all()), TELL_MS_MAX);
      this.counts.forgetBefore(nowMs - KEPT_MS);
      lane.dropCounts(nowMs - KEPT_MS);
    } catch {
      this.#tellAtMs = nowMs + RETRY_MS;
    }
  }
}

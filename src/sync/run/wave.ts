import type { Accepted, Change } from "../engine/change.ts";
import type { RecordResult } from "../target/target.ts";
import type { Item } from "./batches.ts";
import { markDecided } from "./decided.ts";
import { logOfRecord } from "./log-records.ts";
import type { Opened } from "./ports.ts";
import type { LogRecord, RunCounts } from "./run.ts";
import type { BatchEnd } from "./send-batch.ts";

/** What of a run a wave has to know. */
export type WaveRules = {
  /** Cells of a key that the state keeps. */
  readonly keyCells: number;
  readonly isFull: boolean;
};

/** What a wave came to so far. */
export class Wave {
  readonly size: number;
  readonly bits: Uint8Array;
  readonly #rules: WaveRules;
  readonly accepted: Accepted[] = [];
  stop: BatchEnd["stop"];
  decidedNow = 0;
  #suppressed = 0;
  #rejected = 0;
  #skipped = 0;
  #acceptedCount = 0;
  readonly #results: { readonly item: Item; readonly result: RecordResult }[] = [];

  constructor(size: number, decided: Uint8Array, rules: WaveRules) {
    this.size = size;
    this.#rules = rules;
    this.bits = new Uint8Array(Math.ceil(size / 8));
    this.bits.set(decided.subarray(0, this.bits.byteLength));
  }

  get counts(): Partial<RunCounts> {
    return {
      accepted: this.#acceptedCount,
      rejected: this.#rejected,
      skipped: this.#skipped,
      suppressed: this.#suppressed,
    };
  }

  take(batch: readonly Item[], end: BatchEnd): void {
    this.stop ??= end.stop;
    for (const [at, item] of batch.entries()) {
      const result = end.results[at];
      if (result !== undefined) this.decide(item, result);
    }
  }

  decide(item: Item, result: RecordResult): void {
    this.#mark(item.at);
    this.#results.push({ item, result });
    if (result.kind === "rejected") {
      this.#rejected += 1;
      this.#outdate(item.change);
      return;
    }
    if (result.kind === "accepted") this.#acceptedCount += 1;
    else this.#skipped += 1;
    // What was left alone is settled too: it would be left alone again for ever.
    this.accepted.push(acceptedOf(item.change, this.#rules.keyCells));
  }

  /** A suppressed user's row is in no state, so that it comes again should the suppression end. */
  suppress(at: number, change: Change): void {
    this.#mark(at);
    this.#outdate(change);
    this.#suppressed += 1;
  }

  log(times: { readonly startedAtMs: number; readonly endedAtMs: number }): readonly LogRecord[] {
    return this.#results.flatMap(({ item, result }) => {
      if (result.kind === "skipped" || item.isSuppressed) return [];
      const { record, operation, user } = item;
      const isAccepted = result.kind === "accepted";
      const decided = {
        status: isAccepted ? ("succeeded" as const) : ("rejected" as const),
        message: isAccepted ? undefined : result.reason,
      };
      return [logOfRecord({ record, user }, operation, decided, times)];
    });
  }

  /**
   * A full sync also sends rows that did not change since they were accepted. One that was not taken
   * has to come again, so what the state says of it is made to differ.
   */
  #outdate(change: Change): void {
    if (!this.#rules.isFull || change.kind !== "update") return;
    const { rowHash } = change;
    this.accepted.push(acceptedOf({ ...change, rowHash: rowHash ^ 1n }, this.#rules.keyCells));
  }

  #mark(at: number): void {
    markDecided(this.bits, at);
    this.decidedNow += 1;
  }
}

/** Cells of a key that the state keeps: a destination is told by them what is gone. */
export function keptKeyCells({ sync, mapper }: Pick<Opened, "sync" | "mapper">): number {
  return sync.behaviour === "mirror" ? mapper.key.length : 0;
}

/** What the state keeps of a change that is settled. */
export function acceptedOf({ kind, keyHash, rowHash, row }: Change, keyCells: number): Accepted {
  if (kind === "delete") return { keyHash, rowHash: undefined };
  return { keyHash, rowHash, ...(keyCells > 0 ? { key: row.slice(0, keyCells) } : {}) };
}

/** The counts, with more of them. */
export function added(counts: RunCounts, more: Partial<RunCounts>): RunCounts {
  return {
    ...counts,
    accepted: counts.accepted + (more.accepted ?? 0),
    rejected: counts.rejected + (more.rejected ?? 0),
    skipped: counts.skipped + (more.skipped ?? 0),
    suppressed: counts.suppressed + (more.suppressed ?? 0),
  };
}

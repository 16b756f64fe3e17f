import { readStored } from "../../core/stored-json.ts";
import type { Deliverer } from "../deliverer.ts";
import { countOf } from "./count-block.ts";
import type { DeliveryCounts } from "./counts.ts";
import { deliverBlock, type BlockDeps } from "./deliver-block.ts";
import type { LaneEntry } from "./entry.ts";
import type { LaneStorage } from "./lane-storage.ts";
import { userOf, UserOrder } from "./order.ts";
import type { Pace } from "./pace.ts";

/** What the lane has to know of its destination to deliver. */
export type ReadyDestination = Pick<BlockDeps, "deliverer" | "decide" | "rule">;

export type Readiness =
  | { readonly kind: "ready"; readonly destination: ReadyDestination }
  /** Switched off: what waits stays, and nothing is read. */
  | { readonly kind: "stopped" }
  /** It is not known now how to deliver; look again then. */
  | { readonly kind: "unavailable"; readonly againAtMs: number };

/** The events behind the lane's position, oldest first. */
export interface LaneLog {
  /**
   * The next events, as many as `max` allows as far as there are any, without moving on. `isEnd`
   * says that no more are there now; the queue then wakes the lane when there are.
   */
  peek(max: BlockSize): Promise<LogPeek>;
  /** Whether memory is short, so that blocks should be small. */
  readonly isCrowded?: boolean;
  /** Moves on: the lane has settled everything up to `seq`. */
  advance(seq: number): void;
}

export type LogPeek =
  | {
      readonly kind: "events";
      readonly entries: readonly LaneEntry[];
      readonly lastSeq: number;
      readonly isEnd: boolean;
    }
  | { readonly kind: "none" }
  | { readonly kind: "unavailable"; readonly againAtMs: number };

export type BlockSize = { readonly events: number; readonly bytes: number };

export type LaneDeps = Pick<BlockDeps, "keyOf" | "now" | "random"> & {
  readonly storage: LaneStorage;
  readonly log: LaneLog;
  readonly counts: DeliveryCounts;
  readonly pace: Pace;
  ready(): Promise<Readiness>;
  /** Whether this slice of work has lasted long enough. */
  isOver(): boolean;
  /** Called when the end of the log is reached, and when the lane has nothing to do with it. */
  readonly caughtUp?: () => void;
  /** Called with an event that could not be delivered, for the sample that is shown. */
  readonly noteFailure: (entry: LaneEntry, code: string) => void;
};

/** When the lane has work again; `undefined` when only its queue will know. */
export type LaneRest = { readonly againAtMs: number | undefined };

/** Events of one block: enough for several calls, few enough to be parsed all at once. */
const BLOCK_EVENTS_MIN = 100;
const BLOCK_EVENTS_MAX = 5_000;
const BLOCK_BYTES_MIN = 512_000;
const BLOCK_BYTES_MAX = 2_000_000;
const CALLS_A_BLOCK = 4;
/** Of a call's worth, where memory is short: an event takes many times its line while it is sent. */
const CALLS_A_BLOCK_MIN = 0.25;

/** Between two looks whether a destination that seems to be down takes other events than those tried. */
const OTHERS_MS = 300_000;

/** What the state of a lane's {@link Pace} is kept under. */
export const PACE_STATE = "pace";

/**
 * Delivers what is due and what the log holds until nothing is left, the destination wants a pause,
 * or the slice is over. Each block is settled in one transaction after its calls, so a kill at any
 * instant repeats at most that block, under the same idempotency keys.
 */
export class LaneRunner {
  readonly #deps: LaneDeps;
  #order: UserOrder | undefined;
  /** When events of the log are tried again although others wait for a destination that is down. */
  #othersAtMs = 0;

  constructor(deps: LaneDeps) {
    this.#deps = deps;
  }

  async run(): Promise<LaneRest> {
    const { storage, pace, now } = this.#deps;
    for (;;) {
      const nowMs = now();
      if (this.#deps.isOver()) return { againAtMs: nowMs };
      const ready = await this.#deps.ready();
      if (ready.kind === "stopped") {
        this.#deps.caughtUp?.();
        return { againAtMs: undefined };
      }
      if (ready.kind === "unavailable") return ready;
      if (!pace.admits(nowMs)) return { againAtMs: pace.pausedUntilMs };
      const { destination } = ready;
      const due = storage.due(nowMs, this.#dueSize(destination));
      if (due.ids.length > 0) {
        const settlements = await this.#deliver(due.entries, destination);
        this.#settle({ ids: due.ids, settlements });
        continue;
      }
      if (storage.isOverCap) return { againAtMs: storage.nextDueAtMs };
      const othersAtMs = this.#othersLaterAtMs(nowMs);
      const next =
        othersAtMs === undefined ? await this.#readLog(destination) : { againAtMs: othersAtMs };
      if (next === undefined) {
        this.#deps.caughtUp?.();
        return { againAtMs: storage.nextDueAtMs };
      }
      if ("againAtMs" in next) {
        return { againAtMs: earliest(next.againAtMs, storage.nextDueAtMs) };
      }
      const settlements = await this.#deliver(next.entries, destination);
      this.#settle({ ids: [], position: next.lastSeq, settlements });
      this.#deps.log.advance(next.lastSeq);
      // Under steady traffic the next look at the log finds one more event again.
      if (next.isEnd) this.#deps.caughtUp?.();
    }
  }

  /** Forgets what was made for a destination that was changed since. */
  forgetOrder(): void {
    this.#order = undefined;
  }

  /**
   * When the lane may take more events of the log; `undefined` when it may now. While the destination
   * seems to be down and others wait for it, only now and then: what stays in the log costs nothing,
   * but one event that the destination never answers for must not keep the lane from finding out that
   * it takes others.
   */
  #othersLaterAtMs(nowMs: number): number | undefined {
    const { storage, pace } = this.#deps;
    if (!pace.isProbing || storage.waitingEvents === 0) return undefined;
    if (nowMs < this.#othersAtMs && this.#othersAtMs <= nowMs + OTHERS_MS) return this.#othersAtMs;
    this.#othersAtMs = nowMs + OTHERS_MS;
    return undefined;
  }

  async #readLog({
    deliverer,
  }: ReadyDestination): Promise<
    Extract<LogPeek, { kind: "events" }> | { readonly againAtMs: number } | undefined
  > {
    const { log } = this.#deps;
    const found = await log.peek(
      blockSize(deliverer, log.isCrowded === true ? CALLS_A_BLOCK_MIN : CALLS_A_BLOCK),
    );
    if (found.kind === "none") return undefined;
    if (found.kind === "unavailable") return { againAtMs: found.againAtMs };
    return found;
  }

  async #deliver(entries: readonly LaneEntry[], destination: ReadyDestination) {
    const { keyOf, now, random, pace } = this.#deps;
    const order = this.#orderOf(destination);
    return deliverBlock(entries, { ...destination, keyOf, now, random, pace, order });
  }

  #settle(end: Parameters<LaneStorage["settle"]>[0]): void {
    const { storage, pace, counts, now, noteFailure } = this.#deps;
    const nowMs = now();
    storage.settle(end, nowMs);
    const changed = pace.takeChanged();
    if (changed !== undefined) storage.setState(PACE_STATE, changed);
    for (const settled of end.settlements) {
      const change = countOf(settled, nowMs);
      if (change !== undefined) counts.add(change, nowMs);
      if (settled.kind === "dead") noteFailure(settled.entry, settled.code);
      if (settled.kind === "waiting" && settled.wasTried) {
        noteFailure(settled.entry, settled.entry.code);
      }
    }
  }

  /**
   * One call's worth while it is not known whether the destination is back. Of single events more, so
   * that those of a user come together with what they wait for; the first failure ends the calls.
   */
  #dueSize({ deliverer }: ReadyDestination): BlockSize {
    const { batch } = deliverer;
    return this.#deps.pace.isProbing && batch.events > 1 ? batch : blockSize(deliverer);
  }

  /** The account of what waits, made anew from storage after a start. */
  #orderOf({ deliverer }: ReadyDestination): UserOrder {
    if (this.#order !== undefined) return this.#order;
    const order = new UserOrder();
    this.#order = order;
    if (deliverer.batch.events > 1) return order;
    for (const { dueAtMs, entries } of this.#deps.storage.allWaiting()) {
      for (const { line, seq } of entries) {
        const user = userOf(readStored<Record<string, unknown>>(line));
        if (user !== undefined) order.wait(user, seq, dueAtMs);
      }
    }
    return order;
  }
}

function blockSize({ batch }: Deliverer, calls = CALLS_A_BLOCK): BlockSize {
  return {
    events: Math.min(BLOCK_EVENTS_MAX, Math.max(BLOCK_EVENTS_MIN, batch.events * calls)),
    bytes: Math.min(BLOCK_BYTES_MAX, Math.max(BLOCK_BYTES_MIN, batch.bytes)),
  };
}

function earliest(a: number, b: number | undefined): number {
  return Math.min(a, b ?? Infinity);
}

import type { EdgeCount, EdgeOutcome } from "../region/edge.ts";
import type { EdgeTarget } from "../services.ts";

/** How often an isolate tells of its counts: prompt enough for an alert, and a call in a while. */
const TELL_MS = 10_000;

/** Kinds of counts held at a time, some 200 bytes each. What comes beyond is not counted. */
const KINDS_MAX = 5_000;

const HOUR_MS = 3_600_000;

type Held = { readonly target: EdgeTarget; readonly count: EdgeCount };

/** What a tally needs of the request that counts. */
export type TallyDeps = {
  now(): number;
  /** Keeps the request's work alive after its answer. */
  later(work: Promise<unknown>): void;
  wait(ms: number): Promise<unknown>;
  tell(target: EdgeTarget, counts: readonly EdgeCount[]): Promise<unknown>;
};

/**
 * Requests that one isolate of the Worker judged by their place: counted in memory and told at most
 * every 10 s, so that a flood of refusals is a few calls. What could not be told is kept for the
 * next time, and lost with the isolate.
 */
export class EdgeTally {
  #held = new Map<string, Held>();
  #toldAtMs = Number.NEGATIVE_INFINITY;

  count(target: EdgeTarget, colo: string, outcome: EdgeOutcome, deps: TallyDeps): void {
    const nowMs = deps.now();
    const hourMs = nowMs - (nowMs % HOUR_MS);
    this.#add({ target, count: { colo, outcome, hourMs, count: 1 } });
    // A promise of another request may have been cut off, so a time in the future is all that says
    // that somebody is about to tell.
    if (nowMs < this.#toldAtMs) return;
    const waitMs = Math.max(0, this.#toldAtMs + TELL_MS - nowMs);
    this.#toldAtMs = nowMs + waitMs;
    deps.later(deps.wait(waitMs).then(() => this.#tell(deps)));
  }

  async #tell(deps: TallyDeps): Promise<void> {
    const byTarget = Map.groupBy(this.#held.values(), ({ target }) => target);
    this.#held = new Map();
    const told = Array.from(byTarget, async ([target, held]) => {
      const counts = held.map(({ count }) => count);
      await deps.tell(target, counts).catch(() => {
        for (const count of counts) this.#add({ target, count });
      });
    });
    await Promise.all(told);
  }

  #add({ target, count }: Held): void {
    const key = `${target} ${count.colo} ${count.outcome} ${count.hourMs}`;
    const held = this.#held.get(key);
    if (held === undefined && this.#held.size >= KINDS_MAX) return;
    const sum = count.count + (held?.count.count ?? 0);
    this.#held.set(key, { target, count: { ...count, count: sum } });
  }
}

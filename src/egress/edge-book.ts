import { readStored } from "../core/stored-json.ts";
import { UNKNOWN_COLO, type EdgeCount, type EdgeOutcome } from "../region/edge.ts";
import type { EvidenceRow } from "./evidence-book.ts";

/** Places and hours that one object tells apart; what is beyond goes under no place. */
export const EDGE_KEYS_MAX = 1_000;

const HOUR_MS = 3_600_000;

/**
 * The places through which the requests of one object came in, as totals of each hour, kept like
 * the rest of its evidence: counted in memory, written from time to time, told to the workspace.
 */
export class EdgeBook {
  readonly #counts = new Map<string, EdgeCount>();
  readonly #changed = new Set<string>();

  constructor(rows: readonly EvidenceRow[]) {
    for (const { kind, key, body } of rows) {
      if (kind === "edge") this.#counts.set(key, readStored<EdgeCount>(body));
    }
  }

  get isDirty(): boolean {
    return this.#changed.size > 0;
  }

  count({ colo, outcome }: Pick<EdgeCount, "colo" | "outcome">, nowMs: number): void {
    const hourMs = nowMs - (nowMs % HOUR_MS);
    const known = this.#counts.get(keyOf(hourMs, colo, outcome));
    const isKnown = known !== undefined || this.#counts.size < EDGE_KEYS_MAX;
    const named = isKnown ? colo : UNKNOWN_COLO;
    const key = keyOf(hourMs, named, outcome);
    const count = (this.#counts.get(key)?.count ?? 0) + 1;
    this.#counts.set(key, { colo: named, outcome, hourMs, count });
    this.#changed.add(key);
  }

  /** The rows that changed since the last call; they count as written from now on. */
  changes(): readonly EvidenceRow[] {
    const rows = Array.from(this.#changed, (key): EvidenceRow => {
      return { kind: "edge", key, body: JSON.stringify(this.#counts.get(key)) };
    });
    this.#changed.clear();
    return rows;
  }

  totals(): readonly EdgeCount[] {
    return [...this.#counts.values()];
  }

  /** Whether anything in it may be newer than that instant. */
  hasNewsSince(atMs: number): boolean {
    return [...this.#counts.values()].some(({ hourMs }) => hourMs + HOUR_MS >= atMs);
  }

  /** Forgets hours that ended before that instant, and says the keys of their rows. */
  forgetHours(beforeMs: number): readonly string[] {
    const old = [...this.#counts].filter(([, { hourMs }]) => hourMs + HOUR_MS < beforeMs);
    for (const [key] of old) {
      this.#counts.delete(key);
      this.#changed.delete(key);
    }
    return old.map(([key]) => key);
  }
}

function keyOf(hourMs: number, colo: string, outcome: EdgeOutcome): string {
  return `${hourMs} ${colo} ${outcome}`;
}

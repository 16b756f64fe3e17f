import { ID_KINDS, type Stretch } from "./scan-lines.ts";
import { UserCuts } from "./user-cuts.ts";
import { MATCHES_EVERYONE } from "./user-filter.ts";

/** What the lines of a file tell the catalogue. */
export type LinesSummary = {
  /** Lines that are not empty. */
  readonly events: number;
  /** Lines that are no JSON object. With one of them inside, the filter matches everyone. */
  readonly unreadableLines: number;
  /** Absent when no line says when it was received. */
  readonly firstReceivedAtMs: number | undefined;
  readonly lastReceivedAtMs: number | undefined;
  readonly userFilter: Uint8Array;
};

/** Sums up the lines of one file. */
export class FileTally {
  readonly #cuts = new UserCuts();
  #events = 0;
  #unreadableLines = 0;
  #firstReceivedAtMs = Number.POSITIVE_INFINITY;
  #lastReceivedAtMs = Number.NEGATIVE_INFINITY;

  take(stretch: Stretch, line: number): void {
    this.#events++;
    if (!stretch.isEvent(line)) {
      this.#unreadableLines++;
      return;
    }
    for (const kind of ID_KINDS) {
      this.#cuts.add(stretch.hashHigh(line, kind), stretch.hashLow(line, kind));
    }
    const receivedAtMs = stretch.receivedAtMs(line);
    // NaN is neither.
    if (receivedAtMs < this.#firstReceivedAtMs) this.#firstReceivedAtMs = receivedAtMs;
    if (receivedAtMs > this.#lastReceivedAtMs) this.#lastReceivedAtMs = receivedAtMs;
  }

  finish(): LinesSummary {
    return {
      events: this.#events,
      unreadableLines: this.#unreadableLines,
      firstReceivedAtMs: finite(this.#firstReceivedAtMs),
      lastReceivedAtMs: finite(this.#lastReceivedAtMs),
      userFilter: this.#unreadableLines === 0 ? this.#cuts.finish() : MATCHES_EVERYONE,
    };
  }
}

function finite(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined;
}

import type { SourceRow } from "../source/source.ts";
import type { Accepted, Change, DiffPiece, InvalidRow } from "./change.ts";

/** When a piece is handed over; tests take smaller ones. */
export type PieceLimits = {
  /** Changes, and characters of their cells: what an engine holds in memory at once. */
  readonly changes: number;
  readonly chars: number;
  /** Rows compared, even if nothing changed, so that progress is seen and kept. */
  readonly rows: number;
  /** Things the state takes over. */
  readonly settled: number;
};

export const PIECE_LIMITS: PieceLimits = {
  changes: 2_000,
  chars: 2_000_000,
  rows: 50_000,
  settled: 10_000,
};

/** Invalid rows of a piece that are kept; the rest is counted. */
const PIECE_INVALID_MAX = 200;

/** Gathers a piece of a diff until it is full. */
export class PieceBuilder {
  readonly #limits: PieceLimits;
  #changes: Change[] = [];
  #settled: Accepted[] = [];
  #invalid: InvalidRow[] = [];
  #invalidUnread = 0;
  #chars = 0;
  #rows = 0;
  #bytes = 0;

  constructor(limits = PIECE_LIMITS) {
    this.#limits = limits;
  }

  get isFull(): boolean {
    const { changes, chars, settled, rows } = this.#limits;
    return (
      this.#changes.length >= changes ||
      this.#chars >= chars ||
      this.#settled.length >= settled ||
      this.#rows >= rows
    );
  }

  change(change: Change): void {
    this.#changes.push(change);
    this.#chars += charsOf(change.row);
  }

  settle(accepted: Accepted): void {
    this.#settled.push(accepted);
  }

  invalid(reason: InvalidRow["reason"], row: SourceRow): void {
    if (this.#invalid.length >= PIECE_INVALID_MAX || this.#chars >= this.#limits.chars) {
      this.#invalidUnread += 1;
      return;
    }
    this.#invalid.push({ reason, row });
    this.#chars += charsOf(row);
  }

  /** Counts invalid rows that nobody read. */
  invalidUnread(count: number): void {
    this.#invalidUnread += count;
  }

  read(rows: number, bytes: number): void {
    this.#rows += rows;
    this.#bytes += bytes;
  }

  /** The piece, and begins the next one. */
  take(position: string | undefined): DiffPiece {
    const piece = {
      changes: this.#changes,
      settled: this.#settled,
      invalid: this.#invalid,
      invalidUnread: this.#invalidUnread,
      read: { rows: this.#rows, bytes: this.#bytes },
      position,
    };
    this.#changes = [];
    this.#settled = [];
    this.#invalid = [];
    this.#invalidUnread = 0;
    this.#chars = 0;
    this.#rows = 0;
    this.#bytes = 0;
    return piece;
  }
}

function charsOf(row: SourceRow): number {
  let chars = 0;
  for (const cell of row) chars += cell?.length ?? 0;
  return chars;
}

import type { SourceRow } from "../source/source.ts";
import type { Accepted, Change, DiffPiece, InvalidRow } from "./change.ts";

/** Changes of a piece, and characters of their cells: what an engine holds in memory at once. */
const PIECE_CHANGES_MAX = 2_000;
const PIECE_CHARS_MAX = 2_000_000;

/** Rows compared until a piece is handed over even if nothing changed, so that progress is seen and kept. */
const PIECE_ROWS_MAX = 50_000;

/** Things the state takes over in one piece. */
const PIECE_SETTLED_MAX = 10_000;

/** Invalid rows of a piece that are kept; the rest is counted. */
const PIECE_INVALID_MAX = 200;

/** Gathers a piece of a diff until it is full. */
export class PieceBuilder {
  #changes: Change[] = [];
  #settled: Accepted[] = [];
  #invalid: InvalidRow[] = [];
  #invalidUnread = 0;
  #chars = 0;
  #rows = 0;
  #bytes = 0;

  get isFull(): boolean {
    return (
      this.#changes.length >= PIECE_CHANGES_MAX ||
      this.#chars >= PIECE_CHARS_MAX ||
      this.#settled.length >= PIECE_SETTLED_MAX ||
      this.#rows >= PIECE_ROWS_MAX
    );
  }

  get isEmpty(): boolean {
    return (
      this.#changes.length + this.#settled.length + this.#invalid.length + this.#rows === 0 &&
      this.#invalidUnread + this.#bytes === 0
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
    if (this.#invalid.length >= PIECE_INVALID_MAX || this.#chars >= PIECE_CHARS_MAX) {
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

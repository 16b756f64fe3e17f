import type { RowSource } from "../source/source.ts";
import type { DiffPiece } from "./change.ts";
import { checkRows, END, keyReader, type PartitionInput } from "./diff-input.ts";
import { PieceBuilder } from "./piece-builder.ts";
import { ROW_MARK, RowMarks } from "./row-marks.ts";
import { Spill, SPILL_WORDS, type Pass } from "./spill.ts";
import { compareKeys, hexAt, prefixAt, rowHashAt } from "./state/packed.ts";
import { sortOrder } from "./state/sort-order.ts";
import type { StateReader } from "./state/state-reader.ts";
import { isTooLong, takeGone, verdictOf } from "./verdict.ts";

/** Rows of a source of this kind: two bits each are held in memory, 25 MB of them. */
export const ROWS_MAX = 100_000_000;

/**
 * Compares a source that only gives rows as they stand: it is read once for hashes, which are put down
 * by ranges and joined range by range with what was accepted, and a second time for the rows that
 * changed. It begins anew after a crash, so its pieces have no position but the last.
 *
 * @throws SourceFailure, as the source does where it changed between the two reads.
 */
export async function* partitionJoin(
  source: RowSource,
  input: PartitionInput,
): AsyncGenerator<DiffPiece> {
  if (input.position === END) return;
  const piece = new PieceBuilder(input.pieces);
  const spill = new Spill(input.spill, input.spillLimits);
  let rows = 0;
  for await (const batch of source.read(input.selection, input.signal)) {
    for (const row of batch.rows) {
      spill.add(row, rows);
      rows += 1;
    }
    for (const row of batch.nullKeys) piece.invalid("NULL", row);
    piece.read(batch.rows.length + batch.nullKeys.length, batch.bytes);
    checkRows(rows, ROWS_MAX);
    if (piece.isFull) yield piece.take(undefined);
  }
  const marks = new RowMarks();
  const join = new RangeJoin(input, piece, marks);
  for (const pass of spill.passes()) {
    yield* join.compare(pass);
    await input.nextTurn();
  }
  yield* join.end();
  spill.end();
  if (marks.count > 0) yield* readMarked(source, input, piece, marks);
  yield piece.take(END);
}

async function* readMarked(
  source: RowSource,
  { selection, signal }: PartitionInput,
  piece: PieceBuilder,
  marks: RowMarks,
): AsyncGenerator<DiffPiece> {
  const keyOf = keyReader(selection);
  let number = 0;
  let left = marks.count;
  for await (const batch of source.read(selection, signal)) {
    piece.read(0, batch.bytes);
    for (const { keyHash, rowHash, row } of batch.rows) {
      const mark = marks.of(number);
      number += 1;
      if (mark === ROW_MARK.nothing) continue;
      left -= 1;
      if (mark === ROW_MARK.duplicate) piece.invalid("DUPLICATE", row);
      else if (isTooLong(keyOf(row))) piece.invalid("KEY_TOO_LONG", row);
      else {
        const kind = mark === ROW_MARK.insert ? "insert" : "update";
        piece.change({ kind, keyHash, rowHash, row });
      }
      if (piece.isFull) yield piece.take(undefined);
    }
    if (left === 0) return;
  }
}

/** Joins ranges of hashes, one after the other, with what was accepted. */
class RangeJoin {
  readonly #input: PartitionInput;
  readonly #piece: PieceBuilder;
  readonly #marks: RowMarks;
  readonly #reader: StateReader;

  constructor(input: PartitionInput, piece: PieceBuilder, marks: RowMarks) {
    this.#input = input;
    this.#piece = piece;
    this.#marks = marks;
    this.#reader = input.state.read();
  }

  *compare({ words, count }: Pass): Generator<DiffPiece> {
    const order = sortOrder(words, count, SPILL_WORDS);
    for (let from = 0; from < count;) {
      const at = (order[from] ?? 0) * SPILL_WORDS;
      let to = from + 1;
      while (to < count && compareKeys(words, at, words, (order[to] ?? 0) * SPILL_WORDS) === 0) {
        to += 1;
      }
      while (!this.#passBefore(words, at)) yield* this.#handOver();
      if (to === from + 1) this.#judge(words, order[from] ?? 0);
      else this.#markDuplicates(words, order.subarray(from, to));
      from = to;
    }
  }

  *end(): Generator<DiffPiece> {
    while (!this.#reader.isDone) {
      if (this.#piece.isFull) yield* this.#handOver();
      else this.#takeGone();
    }
  }

  /** Takes all that was accepted of keys before that one for gone; false when the piece is full. */
  #passBefore(words: Uint32Array, at: number): boolean {
    const reader = this.#reader;
    const prefix = prefixAt(words, at);
    while (reader.prefix <= prefix && reader.compare(words, at) < 0) {
      if (this.#piece.isFull) return false;
      this.#takeGone();
    }
    return !this.#piece.isFull;
  }

  #judge(words: Uint32Array, row: number): void {
    const at = row * SPILL_WORDS;
    const reader = this.#reader;
    const isKnown = !reader.isDone && reader.compare(words, at) === 0;
    const rowHash = rowHashAt(words, at);
    const verdict = verdictOf(
      { rowHash },
      isKnown ? reader : undefined,
      this.#input.needs,
      this.#input.isFull,
    );
    if (verdict === "settle") {
      const key = isKnown ? reader.key : undefined;
      const keyHash = hexAt(words, at);
      this.#piece.settle({ keyHash, rowHash, ...(key === undefined ? {} : { key }) });
    } else if (verdict !== "nothing") this.#mark(words, row, ROW_MARK[verdict]);
    if (isKnown) reader.advance();
  }

  /** A key that other rows have now too stays as it was accepted: nobody knows which row it is. */
  #markDuplicates(words: Uint32Array, rows: Uint32Array): void {
    const at = (rows[0] ?? 0) * SPILL_WORDS;
    for (const row of rows) this.#mark(words, row, ROW_MARK.duplicate);
    if (!this.#reader.isDone && this.#reader.compare(words, at) === 0) this.#reader.advance();
  }

  #mark(words: Uint32Array, row: number, mark: number): void {
    this.#marks.set(words[row * SPILL_WORDS + 6] ?? 0, mark);
  }

  #takeGone(): void {
    const { keyHash, rowHash, isRemembered, key } = this.#reader;
    takeGone(this.#piece, { keyHash, rowHash, isRemembered, key }, this.#input.needs);
    this.#reader.advance();
  }

  *#handOver(): Generator<DiffPiece> {
    yield this.#piece.take(undefined);
    this.#reader.refresh();
  }
}

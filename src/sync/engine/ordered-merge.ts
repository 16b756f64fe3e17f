import type { SqlSource } from "../source/source.ts";
import type { DiffPiece } from "./change.ts";
import { checkRows, END, type DiffInput } from "./diff-input.ts";
import { MergeJoin } from "./merge-join.ts";
import { PieceBuilder } from "./piece-builder.ts";

/**
 * Compares a source that gives its rows in the order of their key hashes with what was accepted, in
 * one pass. It can go on after any key.
 *
 * @throws SourceFailure.
 */
export async function* orderedMerge(
  source: SqlSource,
  input: DiffInput,
): AsyncGenerator<DiffPiece> {
  if (input.position === END) return;
  const join = new MergeJoin(input);
  let rows = 0;
  const withoutKey = new PieceBuilder(input.pieces);
  for await (const batch of source.ordered(input.selection, input.position, input.signal)) {
    join.piece.read(0, batch.bytes);
    rows += batch.rows.length;
    checkRows(rows);
    for (const row of batch.rows) {
      while (!join.offer(row)) yield* handed(join);
    }
    for (const row of batch.nullKeys) withoutKey.invalid("NULL", row);
    withoutKey.read(batch.nullKeys.length, 0);
  }
  while (!join.end()) yield* handed(join);
  yield join.take();
  // They are read again wherever a diff goes on, so they are counted once it is over.
  yield withoutKey.take(END);
}

function* handed(join: MergeJoin): Generator<DiffPiece> {
  yield join.take();
  join.refresh();
}

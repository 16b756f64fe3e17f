import type { SqlSource } from "../source/source.ts";
import type { DiffPiece } from "./change.ts";
import { DirtyBuckets } from "./dirty-buckets.ts";
import { checkRows, END, type ChecksumInput } from "./diff-input.ts";
import { KeyJoin } from "./key-join.ts";
import { bucketOf } from "./state/packed.ts";

/** Buckets of one read of keys, whose numbers stand in the statement: 700 KB. A read is a scan. */
const BUCKETS_PER_READ = 100_000;

/** Rows without a key that are read to be shown. */
const NULL_KEYS_SHOWN = 100;

/** What the sums showed, where the engine did not go on from them. */
export type ChecksumEnd = "done" | "too-much";

/**
 * Compares sums that the source computed over buckets of rows with those of what was accepted, then
 * reads the keys of the buckets that differ, then the rows that changed. What is recorded is the hash
 * of the row that was really read, so a row that changes in between comes again. It can go on after
 * any key.
 *
 * @throws SourceFailure.
 */
export async function* checksum(
  source: SqlSource,
  input: ChecksumInput,
): AsyncGenerator<DiffPiece, ChecksumEnd> {
  const { selection, state, position, bits, isFull, signal } = input;
  if (isFull) throw new Error("Cannot tell every row by sums, which show only those that changed");
  if (position === END) return "done";
  const join = new KeyJoin(source, input);
  const dirty = new DirtyBuckets(bits, position === undefined ? 0 : bucketOf(position, bits));
  const summed = await source.sums(selection, bits, signal);
  for await (const part of summed.sums) {
    join.piece.read(0, part.bytes);
    dirty.compare(part, state);
  }
  const { rows, nullKeys } = summed.totals();
  checkRows(rows - nullKeys);
  if (input.isTooMuch({ bits, length: dirty.length, rowsInAll: rows - nullKeys })) {
    yield join.take();
    return "too-much";
  }
  for (let from = 0; from < dirty.length; from += BUCKETS_PER_READ) {
    yield* compareKeys(source, input, join, dirty, from);
  }
  yield* join.finish();
  const shown = nullKeys === 0 ? [] : await source.withoutKey(selection, NULL_KEYS_SHOWN, signal);
  for (const row of shown.slice(0, nullKeys)) join.piece.invalid("NULL", row);
  join.piece.invalidUnread(Math.max(0, nullKeys - shown.length));
  join.piece.read(rows, 0);
  yield { ...join.take(), position: END };
  return "done";
}

async function* compareKeys(
  source: SqlSource,
  { selection, bits, position = "", signal }: ChecksumInput,
  join: KeyJoin,
  dirty: DirtyBuckets,
  from: number,
): AsyncGenerator<DiffPiece> {
  const to = Math.min(dirty.length, from + BUCKETS_PER_READ);
  const numbers = dirty.numbers(from, to);
  let at = from;
  for await (const batch of source.keysOf(selection, { bits, numbers }, signal)) {
    join.piece.read(0, batch.bytes);
    for (const row of batch.rows) {
      if (row.keyHash <= position) continue;
      for (; dirty.number(at) < bucketOf(row.keyHash, bits); at++) {
        yield* join.endBucket(dirty.number(at));
      }
      if (!join.offer(row)) yield* join.goOn(row);
    }
  }
  for (; at < to; at++) yield* join.endBucket(dirty.number(at));
}

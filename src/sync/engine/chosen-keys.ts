import { SourceFailure, type HashedRow, type Source, type SourceRow } from "../source/source.ts";
import type { DiffPiece } from "./change.ts";
import { END, type DiffInput } from "./diff-input.ts";
import { PieceBuilder } from "./piece-builder.ts";
import type { RowHasher } from "./row-hash.ts";
import { isTooLong, takeGone } from "./verdict.ts";

/** Keys that one run may be asked for. */
export const CHOSEN_KEYS_MAX = 10_000;

/** Keys that are asked for at once; of a source that cannot be asked all are looked for in one read. */
const KEYS_AT_ONCE = 500;

/**
 * The rows of chosen keys, told whether they changed or not; a key that is not in the source is gone.
 *
 * @param hasher for the selection's key.
 * @throws SourceFailure, also when a key has not as many cells as the selection's.
 */
export async function* chosenKeys(
  source: Source,
  input: DiffInput,
  keys: readonly SourceRow[],
  hasher: RowHasher,
): AsyncGenerator<DiffPiece> {
  if (input.position === END) return;
  const piece = new PieceBuilder(input.pieces);
  const size = source.kind === "sql" ? KEYS_AT_ONCE : CHOSEN_KEYS_MAX;
  for (let from = 0; from < keys.length; from += size) {
    const wanted = new Map<string, SourceRow>();
    for (const key of keys.slice(from, from + size)) {
      const keyHash = key.length === input.selection.key.length ? hasher.hashKey(key) : undefined;
      if (keyHash === undefined) {
        throw new SourceFailure("no_such_key", "A key has to have a value for each column", false);
      }
      wanted.set(keyHash, key);
    }
    const found = await find(source, input, wanted, piece);
    for (const [keyHash, key] of wanted) take(piece, input, { keyHash, key }, found.get(keyHash));
    if (piece.isFull) yield piece.take(undefined);
  }
  yield piece.take(END);
}

async function find(
  source: Source,
  { selection, signal }: DiffInput,
  wanted: ReadonlyMap<string, SourceRow>,
  piece: PieceBuilder,
): Promise<ReadonlyMap<string, HashedRow[]>> {
  const found = new Map<string, HashedRow[]>();
  const read =
    source.kind === "sql"
      ? source.rowsOf(selection, [...wanted.values()], signal)
      : source.read(selection, signal);
  for await (const batch of read) {
    piece.read(batch.rows.length, batch.bytes);
    for (const row of batch.rows) {
      if (!wanted.has(row.keyHash)) continue;
      const rows = found.get(row.keyHash);
      if (rows === undefined) found.set(row.keyHash, [row]);
      else rows.push(row);
    }
  }
  return found;
}

function take(
  piece: PieceBuilder,
  { state, needs }: DiffInput,
  { keyHash, key }: { readonly keyHash: string; readonly key: SourceRow },
  rows: readonly HashedRow[] = [],
): void {
  const known = state.find(keyHash);
  const [only] = rows;
  if (only === undefined) {
    if (known !== undefined) takeGone(piece, known, needs);
  } else if (rows.length > 1) {
    for (const { row } of rows) piece.invalid("DUPLICATE", row);
  } else if (isTooLong(key)) {
    piece.invalid("KEY_TOO_LONG", only.row);
  } else {
    piece.change({ ...only, kind: known === undefined ? "insert" : "update" });
  }
}

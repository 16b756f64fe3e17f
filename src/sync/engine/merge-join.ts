import type { HashedRow, SourceRow } from "../source/source.ts";
import type { DiffPiece } from "./change.ts";
import { keyReader, type DiffInput } from "./diff-input.ts";
import { PieceBuilder } from "./piece-builder.ts";
import { ENTRY_WORDS, prefixAt, writeKey } from "./state/packed.ts";
import type { StateReader } from "./state/state-reader.ts";
import { isTooLong, takeGone, takeRow, verdictOf } from "./verdict.ts";

/** Rows of one key that follow each other. */
type Group = { readonly first: HashedRow; rows: number };

/**
 * Joins rows that come in the order of their key hashes with what was accepted. Memory is one piece,
 * whatever the number of rows. A call that answers false did not do its work, because the piece is
 * full: take it and call again.
 */
export class MergeJoin {
  readonly #input: DiffInput;
  readonly #reader: StateReader;
  readonly #keyOf: (row: SourceRow) => SourceRow;
  readonly piece: PieceBuilder;
  /** The key of the group that is finished. */
  readonly #key = new Uint32Array(ENTRY_WORDS);
  #group: Group | undefined;
  #position: string | undefined;

  constructor(input: DiffInput) {
    this.#input = input;
    this.piece = new PieceBuilder(input.pieces);
    this.#reader = input.state.read(input.position);
    this.#keyOf = keyReader(input.selection);
    this.#position = input.position;
  }

  /** @throws Error when rows are not in order, which would make all of them look new. */
  offer(row: HashedRow): boolean {
    const group = this.#group;
    if (group?.first.keyHash === row.keyHash) {
      if (group.rows === 1) this.piece.invalid("DUPLICATE", group.first.row);
      this.piece.invalid("DUPLICATE", row.row);
      group.rows += 1;
      return true;
    }
    if ((group?.first.keyHash ?? this.#position ?? "") >= row.keyHash) {
      throw new Error("Cannot compare rows: they are not in the order of their key hashes");
    }
    if (!this.#finishGroup()) return false;
    this.#group = { first: row, rows: 1 };
    return true;
  }

  /** What was accepted and was not met until the end is gone. */
  end(): boolean {
    if (!this.#finishGroup()) return false;
    if (this.#input.needs.gone === "ignore") return true;
    while (!this.#reader.isDone) {
      if (this.piece.isFull) return false;
      this.#takeGone();
    }
    return true;
  }

  take(): DiffPiece {
    return this.piece.take(this.#position);
  }

  /** Looks at the state as it is now, after the piece was recorded. */
  refresh(): void {
    this.#reader.refresh();
  }

  #finishGroup(): boolean {
    const group = this.#group;
    if (group === undefined) return true;
    if (!this.#passBefore(group.first.keyHash)) return false;
    this.#judge(group);
    this.#position = group.first.keyHash;
    this.#group = undefined;
    return true;
  }

  /** Takes all that was accepted of keys before that one for gone. */
  #passBefore(keyHash: string): boolean {
    const reader = this.#reader;
    writeKey(keyHash, this.#key, 0);
    const prefix = prefixAt(this.#key, 0);
    if (this.#input.needs.gone === "ignore") reader.seek(prefix);
    while (reader.prefix <= prefix && reader.compare(this.#key, 0) < 0) {
      if (this.piece.isFull) return false;
      this.#takeGone();
    }
    return !this.piece.isFull;
  }

  #takeGone(): void {
    const reader = this.#reader;
    const { keyHash, rowHash, isRemembered, key } = reader;
    takeGone(this.piece, { keyHash, rowHash, isRemembered, key }, this.#input.needs);
    this.#position = keyHash;
    reader.advance();
  }

  #judge({ first, rows }: Group): void {
    const { row } = first;
    const { needs, isFull } = this.#input;
    const reader = this.#reader;
    const isKnown = !reader.isDone && reader.compare(this.#key, 0) === 0;
    this.piece.read(rows, 0);
    if (rows === 1) {
      const key = this.#keyOf(row);
      if (isTooLong(key)) this.piece.invalid("KEY_TOO_LONG", row);
      else {
        const known = isKnown ? reader : undefined;
        const kept = known?.key === undefined ? undefined : key;
        takeRow(this.piece, first, verdictOf(first, known, needs, isFull), kept);
      }
    }
    // A key that other rows have now too stays as it was accepted: nobody knows which row it is.
    if (isKnown) reader.advance();
  }
}

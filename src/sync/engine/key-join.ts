import type { HashedRow, SqlSource } from "../source/source.ts";
import type { DiffPiece } from "./change.ts";
import type { ChecksumInput } from "./diff-input.ts";
import { PieceBuilder } from "./piece-builder.ts";
import { prefixOf, PREFIX_BITS } from "./state/packed.ts";
import type { StateReader } from "./state/state-reader.ts";
import { isTooLong, takeGone, takeRow, verdictOf, type Known } from "./verdict.ts";

/** Keys whose rows are read at once; fewer of wide rows, and few before their width is known. */
const FETCH_KEYS_MAX = 1_000;
const FETCH_KEYS_FIRST = 100;
const FETCH_KEYS_MIN = 10;
const FETCH_CHARS = 2_000_000;

/** Rows of keys that stand several times which are read to be shown in a run; the rest is counted. */
const DUPLICATES_SHOWN = 200;

/** A row that is to be read. */
type Wanted = {
  readonly row: HashedRow;
  readonly known: Pick<Known, "rowHash" | "isRemembered"> | undefined;
  readonly hasKey: boolean;
  readonly rows: number;
};

/**
 * Joins keys that come bucket by bucket, in order, with what was accepted of those buckets, and reads
 * the rows of those that changed. A piece is handed over only together with all rows of its keys, so
 * that its position holds.
 */
export class KeyJoin {
  readonly #source: SqlSource;
  readonly #input: ChecksumInput;
  readonly #reader: StateReader;
  readonly #width: number;
  readonly piece: PieceBuilder;
  readonly #wanted: Wanted[] = [];
  #group: { readonly first: HashedRow; rows: number } | undefined;
  #position: string | undefined;
  #fetchKeys = FETCH_KEYS_FIRST;
  #duplicatesShown = 0;

  constructor(source: SqlSource, input: ChecksumInput) {
    this.#source = source;
    this.#input = input;
    this.piece = new PieceBuilder(input.pieces);
    this.#reader = input.state.read(input.position);
    this.#width = 2 ** (PREFIX_BITS - input.bits);
    this.#position = input.position;
  }

  /** Takes the next row of keys; false, and nothing done, when the piece has to be handed over first. */
  offer(row: HashedRow): boolean {
    const group = this.#group;
    if (group?.first.keyHash === row.keyHash) {
      group.rows += 1;
      return true;
    }
    if (!this.#finishGroup()) return false;
    this.#group = { first: row, rows: 1 };
    return true;
  }

  /** Hands over until the row could be taken. */
  async *goOn(row: HashedRow): AsyncGenerator<DiffPiece> {
    do yield await this.#handOver();
    while (!this.offer(row));
  }

  /** What was accepted in that bucket and was not met is gone; no row of it comes any more. */
  async *endBucket(bucket: number): AsyncGenerator<DiffPiece> {
    while (!this.#finishGroup()) yield await this.#handOver();
    const reader = this.#reader;
    reader.seek(bucket * this.#width);
    for (const end = (bucket + 1) * this.#width; reader.prefix < end;) {
      if (this.#isFull) yield await this.#handOver();
      else this.#takeGone();
    }
  }

  /** Hands over what is left, but not as the last piece. */
  async *finish(): AsyncGenerator<DiffPiece> {
    if (this.#wanted.length > 0) yield await this.#handOver();
  }

  take(): DiffPiece {
    return this.piece.take(this.#position);
  }

  get #isFull(): boolean {
    return this.piece.isFull || this.#wanted.length >= this.#fetchKeys;
  }

  #finishGroup(): boolean {
    const group = this.#group;
    if (group === undefined) return true;
    if (this.#isFull) return false;
    const { keyHash } = group.first;
    const reader = this.#reader;
    const prefix = prefixOf(keyHash);
    reader.seek(Math.floor(prefix / this.#width) * this.#width);
    while (reader.prefix < prefix || (reader.prefix === prefix && reader.keyHash < keyHash)) {
      if (this.#isFull) return false;
      this.#takeGone();
    }
    this.#judge(group.first, group.rows);
    this.#position = keyHash;
    this.#group = undefined;
    return true;
  }

  #takeGone(): void {
    const { keyHash, rowHash, isRemembered, key } = this.#reader;
    takeGone(this.piece, { keyHash, rowHash, isRemembered, key }, this.#input.needs);
    this.#position = keyHash;
    this.#reader.advance();
  }

  #judge(row: HashedRow, rows: number): void {
    const reader = this.#reader;
    const isKnown = !reader.isDone && reader.keyHash === row.keyHash;
    const { rowHash, isRemembered, key } = reader;
    const known = isKnown ? { rowHash, isRemembered } : undefined;
    const hasKey = isKnown && key !== undefined;
    if (isKnown) reader.advance();
    if (rows > 1) {
      this.#showDuplicate({ row, known, hasKey, rows });
      return;
    }
    const verdict = verdictOf(row, known, this.#input.needs, false);
    if (verdict === "nothing") return;
    if (verdict === "settle") takeRow(this.piece, row, verdict, hasKey ? row.row : undefined);
    else this.#wanted.push({ row, known, hasKey, rows });
  }

  #showDuplicate(wanted: Wanted): void {
    this.#duplicatesShown += wanted.rows;
    if (this.#duplicatesShown <= DUPLICATES_SHOWN) this.#wanted.push(wanted);
    else this.piece.invalidUnread(wanted.rows);
  }

  /** Reads the rows that are wanted and gives the piece with them. */
  async #handOver(): Promise<DiffPiece> {
    const wanted = this.#wanted.splice(0);
    if (wanted.length > 0) {
      const found = await this.#fetch(wanted);
      for (const each of wanted) this.#takeFetched(each, found.get(each.row.keyHash) ?? []);
    }
    const piece = this.take();
    this.#reader.refresh();
    return piece;
  }

  async #fetch(wanted: readonly Wanted[]): Promise<ReadonlyMap<string, HashedRow[]>> {
    const { selection, signal } = this.#input;
    const found = new Map<string, HashedRow[]>(wanted.map(({ row }) => [row.keyHash, []]));
    const keys = wanted.map(({ row }) => row.row);
    let chars = 0;
    for await (const batch of this.#source.rowsOf(selection, keys, signal)) {
      this.piece.read(0, batch.bytes);
      for (const row of batch.rows) {
        found.get(row.keyHash)?.push(row);
        for (const cell of row.row) chars += cell?.length ?? 0;
      }
    }
    const each = Math.max(1, chars / keys.length);
    const fitting = Math.floor(FETCH_CHARS / each);
    this.#fetchKeys = Math.min(FETCH_KEYS_MAX, Math.max(FETCH_KEYS_MIN, fitting));
    return found;
  }

  #takeFetched({ row, known, hasKey }: Wanted, found: readonly HashedRow[]): void {
    const [only] = found;
    if (only === undefined) return;
    if (found.length > 1) {
      for (const each of found) this.piece.invalid("DUPLICATE", each.row);
    } else if (isTooLong(row.row)) {
      this.piece.invalid("KEY_TOO_LONG", only.row);
    } else {
      const verdict = verdictOf(only, known, this.#input.needs, false);
      takeRow(this.piece, only, verdict, hasKey ? row.row : undefined);
    }
  }
}

/**
 * What begins the answer of `COPY … (FORMAT binary)`: a signature, flags, and the length of an
 * extension that no server has.
 */
const HEADER_BYTES = 19;
const COUNT_BYTES = 2;
const LENGTH_BYTES = 4;
/** The number of fields that stands for the end. */
const END = -1;

/** Bytes of one row: more is no row of a table that a record is made of. */
const ROW_BYTES_MAX = 32_000_000;

/** One row as it came: where its fields are in its bytes. Valid until the next one is read. */
export type Tuple = {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Start of each field. */
  readonly starts: readonly number[];
  /** Length of each field; -1 for NULL. */
  readonly lengths: readonly number[];
};

/** Takes rows out of the bytes of a binary COPY, whichever pieces they come in. */
export class TupleReader {
  #left: Uint8Array = new Uint8Array();
  #isBegun = false;
  #isEnded = false;

  /** Whether the server said that this was all. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /**
   * Calls `take` with each row that is whole by now.
   *
   * @throws RangeError for a row too large to be held.
   */
  read(piece: Uint8Array, take: (tuple: Tuple) => void): void {
    const bytes = this.#left.length === 0 ? piece : joined(this.#left, piece);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let at = 0;
    if (!this.#isBegun) {
      if (bytes.length < HEADER_BYTES) {
        this.#left = bytes;
        return;
      }
      this.#isBegun = true;
      at = HEADER_BYTES;
    }
    const starts: number[] = [];
    const lengths: number[] = [];
    for (;;) {
      const end = this.#next(view, at, starts, lengths);
      if (end === undefined) break;
      take({ bytes, view, starts, lengths });
      at = end;
    }
    this.#left = bytes.subarray(at);
    if (this.#left.length > ROW_BYTES_MAX) {
      throw new RangeError(`Cannot read a row of more than ${ROW_BYTES_MAX} bytes`);
    }
  }

  /** Finds the fields of the row at `at`; where it ends, or `undefined` while it is not whole. */
  #next(view: DataView, at: number, starts: number[], lengths: number[]): number | undefined {
    if (this.#isEnded || at + COUNT_BYTES > view.byteLength) return undefined;
    const fields = view.getInt16(at);
    if (fields === END) {
      this.#isEnded = true;
      return undefined;
    }
    let next = at + COUNT_BYTES;
    for (let field = 0; field < fields; field += 1) {
      if (next + LENGTH_BYTES > view.byteLength) return undefined;
      const length = view.getInt32(next);
      starts[field] = next + LENGTH_BYTES;
      lengths[field] = length;
      next += LENGTH_BYTES + Math.max(length, 0);
    }
    return next > view.byteLength ? undefined : next;
  }
}

function joined(left: Uint8Array, right: Uint8Array): Uint8Array {
  const all = new Uint8Array(left.length + right.length);
  all.set(left);
  all.set(right, left.length);
  return all;
}

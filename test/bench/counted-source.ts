import type {
  BucketSums,
  HashedRow,
  RowBatch,
  RowSource,
  Selection,
  Source,
  SourceRow,
  SqlSource,
} from "../../src/sync/source/source.ts";
import type { CountedTable } from "./syncs-order.ts";

export const SELECTION: Selection = { columns: ["id", "email", "text"], key: ["id"] };

const BATCH_ROWS = 1_000;
/** 160 bytes a row, as the facts count. */
const TEXT = "x".repeat(110);
const BITS = 52;

/**
 * Its key hashes rise with the number of the row, so that it costs next to nothing beside what is
 * measured. A real source's work is measured elsewhere.
 */
export class CountedSource {
  readonly columns = [];
  readonly facts = { version: 18, canSum: true, rowsEstimate: undefined };
  readonly kind: "sql" | "rows";
  readonly #table: CountedTable;
  readonly #step: number;
  readonly #half = new Uint32Array(2);
  readonly #whole = new BigUint64Array(this.#half.buffer);

  constructor(table: CountedTable, kind: "sql" | "rows") {
    this.#table = table;
    this.kind = kind;
    this.#step = Math.floor(2 ** BITS / table.rows);
  }

  asSource(): Source {
    return this as unknown as SqlSource | RowSource as Source;
  }

  row(n: number): HashedRow {
    const { salt, changedEvery } = this.#table;
    const prefix = (n * this.#step).toString(16).padStart(13, "0");
    const keyHash = `${prefix}${(Math.imul(n, 0x9e3779b1) >>> 0).toString(16).padStart(8, "0")}00000000000`;
    const changed = n % changedEvery === 0 ? salt : 0;
    this.#half[0] = changed;
    this.#half[1] = Math.imul(n + 1, 0x85ebca6b);
    return {
      keyHash,
      rowHash: this.#whole[0] ?? 0n,
      row: [String(n), `somebody-${n}@example.com`, TEXT],
    };
  }

  async contract(): Promise<string> {
    return "";
  }

  async close(): Promise<void> {}

  /** Rows from a number on; as rows of a file they come in another order. */
  async *batches(from: number): AsyncGenerator<RowBatch> {
    const end = this.#table.rows - this.#table.gone;
    const isShuffled = this.kind === "rows";
    for (let first = from; first < end; first += BATCH_ROWS) {
      const size = Math.min(BATCH_ROWS, end - first);
      const rows = Array.from({ length: size }, (_, i) =>
        this.row(isShuffled ? ((first + i) * 7_919) % end : first + i),
      );
      yield { rows, nullKeys: [], bytes: size * 160 };
      // As a socket would, it lets others work in between.
      if (first % (10 * BATCH_ROWS) === 0) await scheduler.wait(0);
    }
  }

  read(): AsyncIterable<RowBatch> {
    return this.batches(0);
  }

  ordered(): AsyncIterable<RowBatch> {
    return this.batches(0);
  }

  async sums(_: Selection, bits: number) {
    const { rows, gone } = this.#table;
    return { sums: this.#sums(bits), totals: () => ({ rows: rows - gone, nullKeys: 0 }) };
  }

  async *#sums(bits: number): AsyncGenerator<BucketSums> {
    const part = Math.min(4096, 2 ** bits);
    const width = 2 ** (BITS - bits);
    for (let first = 0; first < 2 ** bits; first += part) {
      const counts = new Uint32Array(part);
      const sums = new BigUint64Array(part);
      const from = Math.ceil((first * width) / this.#step);
      const to = Math.ceil(((first + part) * width) / this.#step);
      for (let n = from; n < Math.min(to, this.#table.rows - this.#table.gone); n++) {
        const bucket = Math.floor((n * this.#step) / width) - first;
        counts[bucket] = (counts[bucket] ?? 0) + 1;
        sums[bucket] = (sums[bucket] ?? 0n) ^ this.row(n).rowHash;
      }
      for (const [i, count] of counts.entries()) sums[i] = (sums[i] ?? 0n) ^ BigInt(count);
      yield { first, sums, bytes: part * 8 };
      await scheduler.wait(0);
    }
  }

  async *keysOf(
    _: Selection,
    { bits, numbers }: { readonly bits: number; readonly numbers: readonly number[] },
  ): AsyncGenerator<RowBatch> {
    const width = 2 ** (BITS - bits);
    for (const number of numbers) {
      const from = Math.ceil((number * width) / this.#step);
      const to = Math.min(
        Math.ceil(((number + 1) * width) / this.#step),
        this.#table.rows - this.#table.gone,
      );
      const rows = Array.from({ length: Math.max(0, to - from) }, (_, i) => {
        const { row, ...hashes } = this.row(from + i);
        return { ...hashes, row: row.slice(0, 1) };
      });
      yield { rows, nullKeys: [], bytes: rows.length * 32 };
    }
  }

  async *rowsOf(_: Selection, keys: readonly SourceRow[]): AsyncGenerator<RowBatch> {
    const rows = keys.map(([id]) => this.row(Number(id)));
    yield { rows, nullKeys: [], bytes: rows.length * 160 };
  }

  async withoutKey(): Promise<readonly SourceRow[]> {
    return [];
  }
}

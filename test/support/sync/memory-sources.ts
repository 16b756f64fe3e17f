import type {
  BucketSums,
  HashedRow,
  HashSeeds,
  RowBatch,
  RowSource,
  Selection,
  SourceColumn,
  SourceRow,
  SqlSource,
} from "../../../src/sync/source/source.ts";
import { RowHasher } from "../../../src/sync/engine/row-hash.ts";

export const SEEDS: HashSeeds = {
  keyA: 0x0123_4567_89ab_cdefn,
  keyB: -0x7edc_ba98_7654_3210n,
  row: 0x1122_3344_5566_7788n,
};

/** A table in memory; cells are in the order of its columns. */
export type Table = {
  readonly columns: readonly string[];
  rows: readonly SourceRow[];
};

/** Called before everything that a source does; it throws where a test wants a source to fail. */
export type Fault = () => void;

const NO_FAULT: Fault = () => undefined;
/** Rows of a batch, few so that batches end everywhere. */
const BATCH_ROWS = 7;

/** A source that computes, as a SQL server would, over a table in memory. */
export class MemorySql implements SqlSource {
  readonly kind = "sql";
  readonly columns: readonly SourceColumn[];
  readonly facts = { version: 18, canSum: true, rowsEstimate: undefined };
  readonly #table: Table;
  readonly #fault: Fault;
  /** Called before rows are read by key: what a test changes then, changed between two statements. */
  beforeRows: () => void = () => undefined;

  constructor(table: Table, fault = NO_FAULT) {
    this.#table = table;
    this.#fault = fault;
    this.columns = table.columns.map((name) => ({ name, type: "text" }));
  }

  async contract(): Promise<string> {
    return "memory";
  }

  async sums(selection: Selection, bits: number) {
    this.#fault();
    const { rows, nullKeys } = hashed(this.#table, selection);
    const totals = { rows: rows.length + nullKeys.length, nullKeys: nullKeys.length };
    const sums = this.#sums(rows, bits);
    return { sums, totals: () => totals };
  }

  async *#sums(rows: readonly HashedRow[], bits: number): AsyncIterable<BucketSums> {
    const size = 2 ** bits;
    const part = Math.max(1, size >> 2);
    const hashes = Map.groupBy(rows, ({ keyHash }) => bucketOf(keyHash, bits));
    for (let first = 0; first < size; first += part) {
      this.#fault();
      const sums = new BigUint64Array(part);
      for (let i = 0; i < part; i++) {
        sums[i] = sumOf((hashes.get(first + i) ?? []).map(({ rowHash }) => rowHash));
      }
      yield { first, sums, bytes: part * 8 };
    }
  }

  async *keysOf(
    selection: Selection,
    { bits, numbers }: { readonly bits: number; readonly numbers: readonly number[] },
  ): AsyncIterable<RowBatch> {
    const wanted = new Set(numbers);
    const rows = hashed(this.#table, selection)
      .rows.filter(({ keyHash }) => wanted.has(bucketOf(keyHash, bits)))
      .map(({ row, ...hashes }) => ({ ...hashes, row: keyOf(selection, row) }));
    yield* this.#batches(byKey(rows), []);
  }

  async *ordered(selection: Selection, after: string | undefined): AsyncIterable<RowBatch> {
    const { rows, nullKeys } = hashed(this.#table, selection);
    const left = rows.filter(({ keyHash }) => after === undefined || keyHash > after);
    yield* this.#batches(byKey(left), nullKeys);
  }

  async *rowsOf(selection: Selection, keys: readonly SourceRow[]): AsyncIterable<RowBatch> {
    this.beforeRows();
    const wanted = new Set(keys.map((key) => JSON.stringify(key)));
    const rows = hashed(this.#table, selection).rows.filter(({ row }) =>
      wanted.has(JSON.stringify(keyOf(selection, row))),
    );
    yield* this.#batches(rows.toReversed(), []);
  }

  async withoutKey(selection: Selection, limit: number): Promise<readonly SourceRow[]> {
    this.#fault();
    return hashed(this.#table, selection).nullKeys.slice(0, limit);
  }

  async close(): Promise<void> {}

  async *#batches(
    rows: readonly HashedRow[],
    nullKeys: readonly SourceRow[],
  ): AsyncIterable<RowBatch> {
    for (let from = 0; from < rows.length; from += BATCH_ROWS) {
      this.#fault();
      yield { rows: rows.slice(from, from + BATCH_ROWS), nullKeys: [], bytes: 1 };
    }
    this.#fault();
    yield { rows: [], nullKeys, bytes: 1 };
  }
}

/** A source that only gives its rows as they stand. */
export class MemoryRows implements RowSource {
  readonly kind = "rows";
  readonly columns: readonly SourceColumn[];
  readonly #table: Table;
  readonly #fault: Fault;

  constructor(table: Table, fault = NO_FAULT) {
    this.#table = table;
    this.#fault = fault;
    this.columns = table.columns.map((name) => ({ name, type: "text" }));
  }

  async *read(selection: Selection): AsyncIterable<RowBatch> {
    const { rows } = this.#table;
    for (let from = 0; from < rows.length; from += BATCH_ROWS) {
      this.#fault();
      const part = { ...this.#table, rows: rows.slice(from, from + BATCH_ROWS) };
      yield { ...hashed(part, selection), bytes: 1 };
    }
    this.#fault();
  }

  async close(): Promise<void> {}
}

function hashed(
  table: Table,
  selection: Selection,
): { readonly rows: HashedRow[]; readonly nullKeys: SourceRow[] } {
  const places = selection.columns.map((column) => table.columns.indexOf(column));
  const hasher = hasherOf(selection);
  const rows: HashedRow[] = [];
  const nullKeys: SourceRow[] = [];
  for (const cells of table.rows) {
    const row = places.map((place) => cells[place] ?? null);
    const hashes = hasher.hash(row);
    if (hashes === undefined) nullKeys.push(row);
    else rows.push({ ...hashes, row });
  }
  return { rows, nullKeys };
}

/** A hasher of rows of that selection. */
export function hasherOf({ columns, key }: Selection): RowHasher {
  return new RowHasher(
    SEEDS,
    key.map((column) => columns.indexOf(column)),
  );
}

function keyOf({ columns, key }: Selection, row: SourceRow): SourceRow {
  return key.map((column) => row[columns.indexOf(column)] ?? null);
}

function byKey(rows: readonly HashedRow[]): readonly HashedRow[] {
  return rows.toSorted((a, b) => (a.keyHash < b.keyHash ? -1 : a.keyHash > b.keyHash ? 1 : 0));
}

/** The sum of a bucket with rows of these hashes. */
export function sumOf(rowHashes: readonly bigint[]): bigint {
  return rowHashes.reduce((sum, rowHash) => sum ^ rowHash, BigInt(rowHashes.length));
}

function bucketOf(keyHash: string, bits: number): number {
  return Number(BigInt(`0x${keyHash}`) >> BigInt(128 - bits));
}

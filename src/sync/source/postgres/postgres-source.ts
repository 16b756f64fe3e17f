import type { DatabaseLogin } from "../../../deliver/postgres/client.ts";
import type { Dial } from "../../../deliver/postgres/raw-socket.ts";
import type {
  Buckets,
  BucketSums,
  HashedRow,
  HashSeeds,
  RowBatch,
  Selection,
  SourceColumn,
  SourceRow,
  SqlFacts,
  SqlSource,
} from "../source.ts";
import { RowHasher } from "../../engine/row-hash.ts";
import { bucketOf } from "../../engine/state/packed.ts";
import { SHOWN_BYTES_MAX, SourceFailure } from "../source.ts";
import { describeModel, type DescribedModel } from "./describe.ts";
import { cellsAfterHashes, cellsOf, hashedRow, keyRow, numbersOf } from "./rows.ts";
import { Session } from "./session.ts";
import { castQuery, Statements, type KeyType, type SqlModel } from "./sql.ts";
import type { Tuple } from "./tuples.ts";

/** Rows handed over at once: enough to spread the cost of a step, few enough for small memories. */
const BATCH_ROWS_MAX = 1_000;
/** Bytes of the rows handed over at once, about. */
const BATCH_BYTES_MAX = 1_000_000;
/** Buckets in one row of sums, of 8 bytes each. */
const BUCKETS_PER_ROW = 4_096;
const BITS_MAX = 20;
/** Keys of one statement: their text stands in it. */
const KEYS_MAX = 2_000;

/** Opens a table or a query of a database, once the server said what columns it has. */
export async function openPostgresSource(
  login: DatabaseLogin,
  dial: Dial,
  model: SqlModel,
  seeds: HashSeeds,
  signal: AbortSignal,
): Promise<PostgresSource> {
  const session = new Session(login, dial);
  try {
    const described = await session.ask(signal, (asking) => describeModel(asking, model));
    return new PostgresSource(session, described, model, seeds);
  } catch (error) {
    await session.close();
    throw error;
  }
}

export class PostgresSource implements SqlSource {
  readonly kind = "sql";
  readonly columns: readonly SourceColumn[];
  readonly facts: SqlFacts;
  readonly #session: Session;
  readonly #statements: Statements;
  readonly #described: DescribedModel;
  readonly #seeds: HashSeeds;

  constructor(session: Session, described: DescribedModel, model: SqlModel, seeds: HashSeeds) {
    this.#session = session;
    this.#described = described;
    this.#statements = new Statements(model, seeds);
    this.#seeds = seeds;
    this.columns = described.columns;
    this.facts = described.facts;
  }

  async contract(): Promise<string> {
    return `postgres ${this.facts.version} ${this.#described.encoding} text/1`;
  }

  async sums(selection: Selection, bits: number, signal: AbortSignal) {
    this.#check(selection);
    if (bits < 1 || bits > BITS_MAX) throw new RangeError(`Cannot sum over ${bits} bits`);
    const statement = this.#statements.sums(selection, bits, BUCKETS_PER_ROW);
    const totals = { rows: 0, nullKeys: 0 };
    const sums = this.#sums(statement, totals, signal);
    return { sums, totals: () => totals };
  }

  keysOf(selection: Selection, buckets: Buckets, signal: AbortSignal): AsyncIterable<RowBatch> {
    this.#check(selection);
    const statement = this.#statements.keysOf(selection, buckets);
    return this.#batches(statement, signal, this.#keyReader(buckets));
  }

  ordered(
    selection: Selection,
    after: string | undefined,
    signal: AbortSignal,
  ): AsyncIterable<RowBatch> {
    this.#check(selection);
    const from = after === undefined ? undefined : numbersOf(after);
    return this.#batches(this.#statements.ordered(selection, from), signal);
  }

  async *rowsOf(
    selection: Selection,
    keys: readonly SourceRow[],
    signal: AbortSignal,
  ): AsyncIterable<RowBatch> {
    const types = this.#check(selection);
    const places = selection.key.map((column) => selection.columns.indexOf(column));
    for (let from = 0; from < keys.length; from += KEYS_MAX) {
      const wanted = distinctKeys(keys.slice(from, from + KEYS_MAX));
      const asked = [...wanted.values()];
      const statement = this.#statements.rowsOf(selection, types, asked);
      try {
        for await (const batch of this.#batches(statement, signal)) {
          // A type may call two texts equal (case, trailing zeros) that are two keys.
          const isWanted = ({ row }: { row: SourceRow }): boolean =>
            wanted.has(JSON.stringify(places.map((place) => row[place] ?? null)));
          yield { ...batch, rows: batch.rows.filter(isWanted) };
        }
      } catch (error) {
        throw (await this.#oddKey(error, selection.key, asked, signal)) ?? error;
      }
    }
  }

  async withoutKey(
    selection: Selection,
    limit: number,
    signal: AbortSignal,
  ): Promise<readonly SourceRow[]> {
    this.#check(selection);
    return this.#rows(this.#statements.withoutKey(selection, limit), signal);
  }

  async sample(limit: number, signal: AbortSignal): Promise<readonly SourceRow[]> {
    const columns = this.columns.map(({ name }) => name);
    return this.#rows(this.#statements.sample(columns, limit), signal);
  }

  close(): Promise<void> {
    return this.#session.close();
  }

  /** How the key's columns are compared. @throws SourceFailure for a column that is not there. */
  #check({ columns, key }: Selection): readonly KeyType[] {
    const { types } = this.#described;
    const missing = [...columns, ...key].filter((column) => !types.has(column));
    if (missing.length > 0) {
      const message = `The source has no column ${missing.map((name) => `"${name}"`).join(", ")}`;
      throw new SourceFailure("no_such_column", message, false);
    }
    if (key.length === 0) throw new RangeError("Cannot tell rows apart: there is no key");
    return key.map((column) => types.get(column) ?? { name: "text", isComparable: false });
  }

  /** Reads rows of keys that come without the keys' hashes. @throws SourceFailure. */
  #keyReader({ bits, numbers }: Buckets): RowReader {
    const hasher = new RowHasher(this.#seeds, []);
    const wanted = new Set(numbers);
    return (tuple) => {
      const row = keyRow(tuple, hasher);
      if (row !== undefined && wanted.has(bucketOf(row.keyHash, bits))) return row;
      // Whoever joins relies on it, and a text that was altered underway has another hash.
      const message = "The source has a key that is no text in the database's encoding";
      throw new SourceFailure("bad_text", message, false);
    };
  }

  /** Whether rows could not be asked for because a key that somebody gave is no value of its column. */
  async #oddKey(
    error: unknown,
    key: readonly string[],
    asked: readonly SourceRow[],
    signal: AbortSignal,
  ): Promise<SourceFailure | undefined> {
    if (!isModelFailed(error)) return undefined;
    for (const [at, column] of key.entries()) {
      const type = this.#described.types.get(column);
      const query = castQuery(
        type,
        asked.map((cells) => cells[at] ?? null),
      );
      const failure: unknown = await this.#session
        .ask(signal, (asking) => asking.rows(query))
        .then(
          () => undefined,
          (failed: unknown) => failed,
        );
      if (!isModelFailed(failure)) continue;
      const message = `A key is no ${type?.name ?? "value"}, as its column "${column}" is`;
      return new SourceFailure("no_such_key", message, false);
    }
    return undefined;
  }

  async *#sums(
    statement: string,
    totals: { rows: number; nullKeys: number },
    signal: AbortSignal,
  ): AsyncIterable<BucketSums> {
    let before = this.#session.received;
    let found: BucketSums[] = [];
    const take = ({ view, starts, lengths }: Tuple): void => {
      const [first = 0, packed = 0] = starts;
      if ((lengths[0] ?? -1) < 0) {
        totals.rows = Number(view.getBigInt64(packed));
        totals.nullKeys = Number(view.getBigInt64(packed + 8));
        return;
      }
      const bytes = this.#session.received - before;
      before += bytes;
      found.push(unpackSums(view, view.getInt32(first), packed, lengths[1] ?? 0, bytes));
    };
    for await (const _ of this.#session.copy(statement, signal, take)) {
      yield* found;
      found = [];
    }
  }

  async *#batches(
    statement: string,
    signal: AbortSignal,
    read: RowReader = hashedRow,
  ): AsyncIterable<RowBatch> {
    let before = this.#session.received;
    let batch = newBatch();
    const take = (tuple: Tuple): void => {
      const row = read(tuple);
      if (row === undefined) batch.nullKeys.push(cellsAfterHashes(tuple));
      else batch.rows.push(row);
    };
    const end = (): RowBatch => {
      const bytes = this.#session.received - before;
      before += bytes;
      const { rows, nullKeys } = batch;
      batch = newBatch();
      return { rows, nullKeys, bytes };
    };
    for await (const _ of this.#session.copy(statement, signal, take)) {
      const isFull = batch.rows.length + batch.nullKeys.length >= BATCH_ROWS_MAX;
      if (isFull || this.#session.received - before >= BATCH_BYTES_MAX) yield end();
    }
    if (this.#session.received > before) yield end();
  }

  /** Rows to be shown, as many as are not too much together. */
  async #rows(statement: string, signal: AbortSignal): Promise<readonly SourceRow[]> {
    const before = this.#session.received;
    const rows: SourceRow[] = [];
    const read = this.#session.copy(statement, signal, (tuple) => rows.push(cellsOf(tuple)));
    for await (const _ of read) {
      if (rows.length > 0 && this.#session.received - before > SHOWN_BYTES_MAX) break;
    }
    return rows;
  }
}

/** Reads a row; `undefined` for one without a key. */
type RowReader = (tuple: Tuple) => HashedRow | undefined;

function isModelFailed(error: unknown): boolean {
  return error instanceof SourceFailure && error.code === "model_failed";
}

function newBatch(): { rows: RowBatch["rows"][number][]; nullKeys: SourceRow[] } {
  return { rows: [], nullKeys: [] };
}

function distinctKeys(keys: readonly SourceRow[]): ReadonlyMap<string, SourceRow> {
  return new Map(keys.map((key) => [JSON.stringify(key), key]));
}

const SUM_BYTES = 8;

function unpackSums(
  view: DataView,
  first: number,
  start: number,
  length: number,
  bytes: number,
): BucketSums {
  const sums = new BigUint64Array(length / SUM_BYTES);
  for (let bucket = 0; bucket < sums.length; bucket += 1) {
    sums[bucket] = view.getBigUint64(start + bucket * SUM_BYTES);
  }
  return { first, sums, bytes };
}

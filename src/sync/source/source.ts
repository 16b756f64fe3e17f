/**
 * The contract between sources, which know how rows are read, and engines, which know what has to be
 * read. A source is opened for one piece of work and closed after it; it writes nothing.
 */

/** What a column holds, as far as mapping and destinations care. */
export type ColumnType =
  | "text"
  | "integer"
  | "decimal"
  | "float"
  | "boolean"
  | "date"
  | "date_time"
  | "json"
  | "binary";

export type SourceColumn = { readonly name: string; readonly type: ColumnType };

/**
 * Cells in the order of the columns that were asked for, each as canonical text: what Postgres's
 * `::text` gives with TimeZone UTC, DateStyle ISO, IntervalStyle iso_8601, bytea_output hex and
 * extra_float_digits 1; of a file, its own text or compact JSON. `null` is NULL.
 */
export type SourceRow = readonly (string | null)[];

/**
 * Bytes, about, of rows that are shown to somebody. Whoever looks holds them in an object that does much
 * else; after the row that goes beyond it no other is read.
 */
export const SHOWN_BYTES_MAX = 4_000_000;

/** What is read of a table, query or folder. */
export type Selection = {
  /** Columns in the order in which cells come and are hashed. Sync key columns are among them. */
  readonly columns: readonly string[];
  /** The columns that together tell rows apart, in the order in which they are hashed. */
  readonly key: readonly string[];
};

/**
 * Bytes of a key's hash: two 64-bit hashes, big-endian with the sign bit flipped, so that the order
 * of bytes is the order of Postgres's signed numbers.
 */
export const KEY_HASH_BYTES = 16;
/** Bytes of a row's hash, big-endian. */
export const ROW_HASH_BYTES = 8;

/** The secret seeds of one sync: signed 64-bit numbers, made once and never changed. */
export type HashSeeds = {
  /** Of the first and second half of a key's hash, and of a row's hash. */
  readonly keyA: bigint;
  readonly keyB: bigint;
  readonly row: bigint;
};

/** A row with its hashes; `keyHash` in lower case hex for use in maps, diffs and messages. */
export type HashedRow = {
  readonly keyHash: string;
  /** Unsigned. */
  readonly rowHash: bigint;
  readonly row: SourceRow;
};

/** Rows whose key has a NULL in it are told apart here, because they have no hash. */
export type RowBatch = {
  readonly rows: readonly HashedRow[];
  /** Bytes that were read from the source for it. */
  readonly bytes: number;
  /** Rows with a NULL in their key, never sent. */
  readonly nullKeys: readonly SourceRow[];
};

/**
 * What can be read of any source, in any order, whole; the same rows in the same order if read again. A
 * second read of what is not the same any more fails.
 */
export interface RowSource {
  readonly kind: "rows";
  readonly columns: readonly SourceColumn[];
  read(selection: Selection, signal: AbortSignal): AsyncIterable<RowBatch>;
  close(): Promise<void>;
}

/** Some of the 2^`bits` buckets, by their numbers, ascending. */
export type Buckets = { readonly bits: number; readonly numbers: readonly number[] };

/**
 * The sums of one range of buckets. A bucket's is the exclusive or of its rows' hashes and of how many
 * rows it has: 64 bits that two different lots of rows share by a chance of 1 in 2^64. The number is
 * what tells a row from three copies of it, whose hashes cancel each other.
 */
export type BucketSums = {
  /** Number of the first bucket of these. */
  readonly first: number;
  readonly sums: BigUint64Array;
  readonly bytes: number;
};

export type SqlFacts = {
  /** Major version, e.g. 15. */
  readonly version: number;
  /** Whether {@link SqlSource.sums} works: `bit_xor` came with Postgres 14. */
  readonly canSum: boolean;
  /** What the server guesses, for a table that was analysed. */
  readonly rowsEstimate: number | undefined;
};

/** What of a source that computes: it can be asked for sums, and for rows in the order of key hashes. */
export interface SqlSource {
  readonly kind: "sql";
  readonly columns: readonly SourceColumn[];
  /** What a planner has to know before it chooses how to read. */
  readonly facts: SqlFacts;
  /** Names what could change hashes of unchanged rows: server's major version, session settings. */
  contract(): Promise<string>;
  /**
   * Sums over buckets, a bucket being the rows whose key hash begins with the same `bits` bits (1 to
   * 20), in order and all 2^bits of them, in one scan. Rows with a NULL in their key are left out of
   * the sums; how many there were is told at the end.
   */
  sums(
    selection: Selection,
    bits: number,
    signal: AbortSignal,
  ): Promise<{
    readonly sums: AsyncIterable<BucketSums>;
    /** After the last sums: all rows, and those without a key. */
    totals(): { readonly rows: number; readonly nullKeys: number };
  }>;
  /** The rows of those buckets, without their cells but with their keys' (in `row`), by key hash. */
  keysOf(selection: Selection, buckets: Buckets, signal: AbortSignal): AsyncIterable<RowBatch>;
  /** All rows whose key hash is after `after` (hex), in the order of key hashes; those without a key come last. */
  ordered(
    selection: Selection,
    after: string | undefined,
    signal: AbortSignal,
  ): AsyncIterable<RowBatch>;
  /** The rows of those keys (cells of the key columns), in any order; what is gone by now is missing. */
  rowsOf(
    selection: Selection,
    keys: readonly SourceRow[],
    signal: AbortSignal,
  ): AsyncIterable<RowBatch>;
  /** Up to `limit` rows without a key, for the samples. */
  withoutKey(
    selection: Selection,
    limit: number,
    signal: AbortSignal,
  ): Promise<readonly SourceRow[]>;
  close(): Promise<void>;
}

export type Source = RowSource | SqlSource;

/** Why a source could not be read; `message` names no value, and no text of the driver or server. */
export class SourceFailure extends Error {
  /** e.g. `unreachable`, `refused_by_guard`, `no_tls`, `login_failed`, `no_such_table`, `no_such_column`,
   * `permission_denied`, `bad_file`, `changed_while_reading`, `cut_off`. */
  readonly code: string;
  /** Whether trying again can help without anybody changing anything. */
  readonly isPassing: boolean;

  constructor(code: string, message: string, isPassing: boolean) {
    super(message);
    this.code = code;
    this.isPassing = isPassing;
  }
}

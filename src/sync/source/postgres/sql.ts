import { quoted, tableName } from "../../../deliver/postgres/sql.ts";
import type { Model } from "../../model.ts";
import type { Buckets, HashSeeds, Selection, SourceRow } from "../source.ts";

/** Texts of the statements by which a Postgres source is read. They read only. */

/** A statement takes hours at most: a scan of the largest table that a sync may have. */
const STATEMENT_TIMEOUT = "3h";
/** A source is read behind nobody's back, but a lock that lasts is somebody's maintenance. */
const LOCK_TIMEOUT = "15s";
/** A transaction in which nobody asks anything is one that we lost. */
const IDLE_TIMEOUT = "2min";
/** Memory for the sums of 2^20 buckets and for sorting, unless the server gives more by itself. */
const WORK_MEMORY_BYTES = 64 * 1_048_576;

/**
 * Begins a transaction that cannot write and sees one moment, with settings under which the text of
 * a value depends on nothing but the value. They end with the transaction, as poolers want it.
 */
export const BEGIN = [
  "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY",
  ...Object.entries({
    standard_conforming_strings: "on",
    timezone: "UTC",
    datestyle: "ISO, MDY",
    intervalstyle: "iso_8601",
    bytea_output: "hex",
    extra_float_digits: "1",
    lc_monetary: "C",
    xmloption: "content",
    client_encoding: "UTF8",
    statement_timeout: STATEMENT_TIMEOUT,
    lock_timeout: LOCK_TIMEOUT,
    idle_in_transaction_session_timeout: IDLE_TIMEOUT,
  }).map(([name, value]) => `SET LOCAL ${name} = '${value}'`),
  `SELECT set_config('work_mem', greatest(pg_size_bytes(current_setting('work_mem')), ${WORK_MEMORY_BYTES}) / 1024 || 'kB', true)`,
].join(";\n");

/** What of the server matters to hashes, and how many rows a table has by its statistics. */
export function factsQuery(model: Model): string {
  const rows =
    model.kind === "table"
      ? `(SELECT c.reltuples::float8 FROM pg_class c WHERE c.oid = to_regclass(${literal(tableName(model.schema, model.name))}))`
      : "NULL::float8";
  return `SELECT current_setting('server_version_num')::int AS version,
    current_setting('server_encoding') AS encoding, ${rows} AS rows`;
}

/** A text whose hash shows whether the server hashes as we do; under this seed. */
export const PROBE = { text: "Homeport", seed: 1n } as const;

/** The probe's hash, as a key of that text alone is hashed. */
export function probeQuery(): string {
  return `SELECT ${hash([`'${PROBE.text.length}:${PROBE.text}'`], PROBE.seed)}::text AS hash`;
}

/** The names by which columns of these types are cast to, and whether values can be compared. */
export function typesQuery(oids: readonly number[]): string {
  return `SELECT oid::int8::text AS oid, format_type(oid, -1) AS name, typcategory::text AS category,
      EXISTS (SELECT 1 FROM pg_opclass o JOIN pg_am m ON m.oid = o.opcmethod
        WHERE m.amname = 'btree' AND o.opcdefault
          AND (o.opcintype = t.oid OR t.typtype = 'e'
            OR EXISTS (SELECT 1 FROM pg_cast c WHERE c.castsource = t.oid
              AND c.casttarget = o.opcintype AND c.castmethod = 'b' AND c.castcontext = 'i'))
      ) AS "isComparable"
    FROM pg_type t WHERE oid = ANY ('{${oids.join(",")}}'::oid[])`;
}

/** The model as a statement of its own, by which the server tells its columns and refuses chains. */
export function modelQuery(model: SqlModel): string {
  return model.kind === "table"
    ? `SELECT * FROM ${tableName(model.schema, model.name)}`
    : trimmed(model.sql);
}

export type SqlModel = Extract<Model, { readonly kind: "table" | "query" }>;

/** One model, as statements read it. */
export class Statements {
  readonly #from: string;
  readonly #seeds: HashSeeds;

  constructor(model: SqlModel, seeds: HashSeeds) {
    // The end of a line ends a comment, in which a query may end.
    this.#from =
      model.kind === "table"
        ? `${tableName(model.schema, model.name)} AS m`
        : `(${trimmed(model.sql)}\n) AS m`;
    this.#seeds = seeds;
  }

  /**
   * Rows `(first bucket, packed sums)`: of each bucket 8 bytes, the exclusive or of its rows' hashes
   * and of how many they are. The last row has no first bucket, and 8 bytes of all rows and 8 of those without a key.
   */
  sums({ columns, key }: Selection, bits: number, perRow: number): string {
    const bucket = `((${this.#keyHash("keyA", key)} >> ${64 - bits}) + ${2 ** (bits - 1)})::int4`;
    return copy(`WITH s AS MATERIALIZED (
        SELECT ${bucket} AS b, count(*) AS c, bit_xor(${this.#rowHash(columns)}) AS x
        FROM ${this.#from} GROUP BY 1)
      SELECT first, packed FROM (
        SELECT g / ${perRow} AS ordinal, min(g)::int4 AS first, string_agg(
          int8send(coalesce(x # c, 0)), ''::bytea ORDER BY g) AS packed
        FROM generate_series(0, ${2 ** bits - 1}) AS g LEFT JOIN s ON s.b = g GROUP BY 1
        UNION ALL
        SELECT ${2 ** bits}, NULL, int8send(coalesce(sum(c), 0)::int8)
          || int8send(coalesce(sum(c) FILTER (WHERE b IS NULL), 0)::int8) FROM s
      ) AS p ORDER BY ordinal`);
  }

  /** Rows `(row hash, cells of the key…)` of the buckets, by key hash, which the cells give as well. */
  keysOf({ columns, key }: Selection, { bits, numbers }: Buckets): string {
    const [a, b] = [this.#keyHash("keyA", key), this.#keyHash("keyB", key)];
    const bucket = `((${a} >> ${64 - bits}) + ${2 ** (bits - 1)})::int4`;
    return copy(`SELECT ${this.#rowHash(columns)}, ${key.map(cell).join(", ")}
      FROM ${this.#from}
      WHERE ${bucket} = ANY ('{${numbers.join(",")}}'::int4[])
      ORDER BY ${a}, ${b}`);
  }

  /** Rows `(key hash, key hash, row hash, cells…)`, all or after a key's hash, those without a key last. */
  ordered({ columns, key }: Selection, after: readonly [bigint, bigint] | undefined): string {
    const [a, b] = [this.#keyHash("keyA", key), this.#keyHash("keyB", key)];
    const where =
      after === undefined
        ? ""
        : `WHERE ${a} IS NULL OR (${a}, ${b}) > (${bigint(after[0])}, ${bigint(after[1])})`;
    return copy(`SELECT ${this.#hashed(key, columns)}, ${columns.map(cell).join(", ")}
      FROM ${this.#from} ${where} ORDER BY 1 NULLS LAST, 2`);
  }

  /** Rows `(key hash, key hash, row hash, cells…)` with these keys, found by an index on them. */
  rowsOf(
    { columns, key }: Selection,
    types: readonly KeyType[],
    keys: readonly SourceRow[],
  ): string {
    const lists = key.map((_, at) =>
      cellList(
        types[at],
        keys.map((cells) => cells[at] ?? null),
      ),
    );
    const names = key.map((_, at) => `k${at}`).join(", ");
    const equal = key.map((column, at) => {
      const { isComparable } = types[at] ?? { isComparable: false };
      return `${isComparable ? quotedOf(column) : cell(column)} = k.k${at}`;
    });
    return copy(`SELECT ${this.#hashed(key, columns)}, ${columns.map(cell).join(", ")}
      FROM unnest(${lists.join(", ")}) AS k(${names})
      JOIN ${this.#from} ON ${equal.join(" AND ")}`);
  }

  /** Rows `(cells…)` without a key. */
  withoutKey({ columns, key }: Selection, limit: number): string {
    return copy(`SELECT ${columns.map(cell).join(", ")} FROM ${this.#from}
      WHERE ${key.map((column) => `${cell(column)} IS NULL`).join(" OR ")} LIMIT ${limit}`);
  }

  /** Rows `(cells…)`, whichever come first. */
  sample(columns: readonly string[], limit: number): string {
    return copy(`SELECT ${columns.map(cell).join(", ")} FROM ${this.#from} LIMIT ${limit}`);
  }

  #hashed(key: readonly string[], columns: readonly string[]): string {
    const parts = [this.#keyHash("keyA", key), this.#keyHash("keyB", key), this.#rowHash(columns)];
    return parts.join(", ");
  }

  /** NULL as soon as one of the key's cells is. */
  #keyHash(seed: "keyA" | "keyB", key: readonly string[]): string {
    return hash(key.map(sized), this.#seeds[seed]);
  }

  #rowHash(columns: readonly string[]): string {
    return hash(
      columns.map((column) => `coalesce(${sized(column)}, 'N')`),
      this.#seeds.row,
    );
  }
}

/** How a key's column is compared. */
export type KeyType = { readonly name: string; readonly isComparable: boolean };

/** Text as a constant, read as it stands whatever is in it. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

function copy(select: string): string {
  return `COPY (${select}) TO STDOUT (FORMAT binary)`;
}

function quotedOf(column: string): string {
  return `m.${quoted(column)}`;
}

function cell(column: string): string {
  return `${quotedOf(column)}::text`;
}

/** The text of a cell with its length before it, so that no two rows read the same; NULL of NULL. */
function sized(column: string): string {
  return `(length(${cell(column)})::text || ':' || ${cell(column)})`;
}

function hash(texts: readonly string[], seed: bigint): string {
  return `hashtextextended((${texts.join(" || ")}) COLLATE "C", ${bigint(seed)})`;
}

/** The least number has no literal of its own: its sign is an operator on one too large. */
function bigint(value: bigint): string {
  return `'${BigInt.asIntN(64, value)}'::int8`;
}

/** Fails where a text is no value of the type. */
export function castQuery(type: KeyType | undefined, cells: SourceRow): string {
  return `SELECT cardinality(${cellList(type, cells)})`;
}

function cellList(type: KeyType | undefined, cells: SourceRow): string {
  const name = type?.isComparable === true ? type.name : "text";
  return `${literal(`{${cells.map(arrayElement).join(",")}}`)}::${name}[]`;
}

function arrayElement(text: string | null): string {
  return text === null ? "NULL" : `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}

/** Without the semicolon at its end, which would end the statement around it. */
function trimmed(sql: string): string {
  return sql.replace(/[\s;]+$/, "");
}

import type { Asking } from "./session.ts";

/** A table of a database that can be a model. */
export type TableEntry = {
  readonly schema: string;
  readonly name: string;
  readonly kind: "table" | "view" | "foreign_table";
  /** What the server guesses; absent for a view, and for a table that was never analysed. */
  readonly rowsEstimate?: number;
};

/** Tables listed: a list that people choose from. */
const TABLES_MAX = 5_000;

const TABLES_QUERY = `SELECT n.nspname AS schema, c.relname AS name,
    CASE WHEN c.relkind IN ('v', 'm') THEN 'view'
      WHEN c.relkind = 'f' THEN 'foreign_table' ELSE 'table' END AS kind,
    CASE WHEN c.relkind <> 'v' AND c.reltuples >= 0 THEN c.reltuples::float8 END AS rows
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
    AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    AND has_schema_privilege(n.oid, 'USAGE') AND has_any_column_privilege(c.oid, 'SELECT')
  ORDER BY 1, 2 LIMIT ${TABLES_MAX}`;

/** The tables and views that the user may read. */
export async function listTables(asking: Asking): Promise<readonly TableEntry[]> {
  type Row = Omit<TableEntry, "rowsEstimate"> & { readonly rows: number | null };
  const found = await asking.rows<Row>(TABLES_QUERY);
  return found.map(({ rows, ...table }) => ({
    ...table,
    ...(rows === null ? {} : { rowsEstimate: Math.round(rows) }),
  }));
}

/** What a login may do, for whoever sets a connection up. */
export type LoginFacts = {
  readonly version: number;
  readonly encoding: string;
  /** Whether there is anything that it may read. */
  readonly canRead: boolean;
  /** Whether it may write to a table, or is an owner of all. */
  readonly canWrite: boolean;
  /** Whether it may write the sync log: make its schema, or use the one that is there. */
  readonly canLog: boolean;
};

/** The schema that the report of syncs may be written to. */
export const LOG_SCHEMA = "homeport";

const FACTS_QUERY = `SELECT current_setting('server_version_num')::int AS version,
    current_setting('server_encoding') AS encoding,
    EXISTS (SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^pg_'
        AND n.nspname <> 'information_schema' AND has_schema_privilege(n.oid, 'USAGE')
        AND has_any_column_privilege(c.oid, 'SELECT')) AS "canRead",
    EXISTS (SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_'
        AND n.nspname NOT IN ('information_schema', '${LOG_SCHEMA}')
        AND has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')) AS "canWrite",
    coalesce(
      (SELECT has_schema_privilege(oid, 'USAGE, CREATE') FROM pg_namespace
        WHERE nspname = '${LOG_SCHEMA}'),
      has_database_privilege(current_database(), 'CREATE')) AS "canLog"`;

export async function loginFacts(asking: Asking): Promise<LoginFacts> {
  const [facts] = await asking.rows<LoginFacts>(FACTS_QUERY);
  if (facts === undefined) throw new Error("Cannot tell what a login may do: there was no answer");
  return facts;
}

import type { TargetOperation } from "../target.ts";

/** A table by its schema and name, as the object of a sync names it: `schema.name`, or a name alone. */
export type TableName = { readonly schema: string; readonly name: string };

/** The table that an object names. */
export function tableNameOf(object: string): TableName {
  const dot = object.indexOf(".");
  if (dot === -1) return { schema: "public", name: object };
  return { schema: object.slice(0, dot), name: object.slice(dot + 1) };
}

export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function tableOf({ schema, name }: TableName): string {
  return `${quoted(schema)}.${quoted(name)}`;
}

/** Columns of tables of the user's, with what is known of them. */
export const COLUMNS_SQL = `
  SELECT a.attname AS name, format_type(a.atttypid, NULL) AS type, t.typcategory AS category,
         a.attnotnull AND NOT a.atthasdef AND a.attidentity = '' AS required,
         a.attgenerated <> '' AS generated
  FROM pg_attribute a
  JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_type t ON t.oid = a.atttypid
  WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p')
    AND a.attnum > 0 AND NOT a.attisdropped
  ORDER BY a.attnum`;

/** Tables that the user may write. */
export const TABLES_SQL = `
  SELECT n.nspname AS schema, c.relname AS name
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p') AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
    AND has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT')
  ORDER BY 1, 2 LIMIT 2000`;

/** How many rows the planner thinks there are, or how many there are where that is few. */
export function countSql(table: TableName): string {
  return `SELECT count(*)::text AS n FROM ${tableOf(table)}`;
}

/** The fields of a batch; those that are preserved are only filled where there is NULL. */
export type BatchFields = {
  readonly fields: readonly string[];
  readonly identifiers: readonly string[];
  readonly preserved: readonly string[];
};

/**
 * One statement for a batch. Its parameter is a JSON array of records; it gives back the places
 * (from 1) of those that it wrote. Rows are told apart by the identifier's columns alone, so that no
 * unique index is needed; a field that a record does not have is left as it is.
 */
export function batchSql(
  operation: TargetOperation,
  table: TableName,
  { fields, identifiers, preserved }: BatchFields,
): string {
  const target = tableOf(table);
  const given = `given AS MATERIALIZED (
    SELECT e.ord AS homeport_ord, e.doc AS homeport_doc, r.*
    FROM jsonb_array_elements($1::text::jsonb) WITH ORDINALITY AS e(doc, ord),
         LATERAL jsonb_populate_record(NULL::${target}, e.doc) AS r)`;
  const same = identifiers.map((name) => `t.${quoted(name)} = g.${quoted(name)}`).join(" AND ");
  const update = `
    UPDATE ${target} AS t SET ${settersOf({ fields, identifiers, preserved })} FROM given g
    WHERE ${same} RETURNING g.homeport_ord AS ord`;
  const insert = `
    INSERT INTO ${target} (${fields.map(quoted).join(", ")})
    SELECT ${fields.map((name) => `g.${quoted(name)}`).join(", ")} FROM given g
    WHERE NOT EXISTS (SELECT 1 FROM ${target} t WHERE ${same})`;
  switch (operation) {
    case "update":
      return `WITH ${given} ${update}`;
    case "upsert":
      return `WITH ${given}, updated AS (${update}), inserted AS (${insert} RETURNING 1)
        SELECT homeport_ord AS ord FROM given`;
    case "insert":
    case "append":
      return `WITH ${given}, missing AS (
          SELECT g.homeport_ord AS ord FROM given g
          WHERE NOT EXISTS (SELECT 1 FROM ${target} t WHERE ${same})),
        inserted AS (${insert} RETURNING 1)
        SELECT ord FROM missing`;
    case "delete":
      return `WITH ${given} DELETE FROM ${target} t USING given g WHERE ${same}
        RETURNING g.homeport_ord AS ord`;
  }
}

function settersOf({ fields, identifiers, preserved }: BatchFields): string {
  const set = fields.filter((name) => !identifiers.includes(name));
  const changed = set.length === 0 ? identifiers : set;
  return changed
    .map((name) => {
      const literal = `'${name.replaceAll("'", "''")}'`;
      const given = `g.${quoted(name)}`;
      const held = `t.${quoted(name)}`;
      const value = preserved.includes(name) ? `COALESCE(${held}, ${given})` : given;
      return `${quoted(name)} = CASE WHEN g.homeport_doc ? ${literal} THEN ${value} ELSE ${held} END`;
    })
    .join(", ");
}

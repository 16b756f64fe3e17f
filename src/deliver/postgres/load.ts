import type postgres from "postgres";

import {
  changesFor,
  recordsFor,
  type ChangeLimits,
  type KnownTables,
  type TableChange,
  type TableRows,
} from "./plan.ts";
import * as sql from "./sql.ts";
import { sqlState } from "./failure.ts";

type Sql = postgres.Sql | postgres.TransactionSql;
type Columns = Map<string, ReturnType<typeof sql.typeOfColumn>>;

/** How long a statement may take, well within a lane's call, and wait for others' locks. */
const LIMITS = "SET LOCAL statement_timeout = '20s'; SET LOCAL lock_timeout = '10s'";

/**
 * How long a column may take to get another type, for which its table is written anew while nobody
 * can read it: some hundred thousand rows.
 */
const WIDEN_LIMIT = "SET LOCAL statement_timeout = '5s'";

/** A view or a rule hangs on the column, the table is another's, or it takes too long. */
const CANNOT_WIDEN: readonly string[] = ["0A000", "2BP01", "42501", "57014"];

/** The tables of these names that a schema has, with the types of their columns. */
export async function knownTables(
  client: Sql,
  schema: string,
  names: readonly string[],
): Promise<KnownTables> {
  const rows = await client.unsafe<{ table: string; column: string; type: string }[]>(
    sql.COLUMNS_QUERY,
    [schema, JSON.stringify(names)],
  );
  const tables = new Map<string, Columns>();
  for (const { table, column, type } of rows) {
    const columns: Columns = tables.get(table) ?? new Map();
    tables.set(table, columns.set(column, sql.typeOfColumn(type)));
  }
  return tables;
}

/** A column of a table. */
export type ColumnRef = { readonly table: string; readonly column: string };

/**
 * Makes and changes tables until the rows find their columns, in a transaction of its own and under a
 * lock, so that lanes of the same schema do not do it at once. Returns the columns that cannot have
 * another type; what does not fit them is then left out, and the rest of an event is kept.
 */
export async function changeTables(
  client: postgres.Sql,
  schema: string,
  tables: ReadonlyMap<string, TableRows>,
  isFixed: ChangeLimits["isFixed"],
): Promise<readonly ColumnRef[]> {
  const fixed: ColumnRef[] = [];
  await client.begin(async (transaction) => {
    await transaction.unsafe(LIMITS);
    await transaction.unsafe(sql.SCHEMA_LOCK_QUERY, [schema]);
    const [found] = await transaction.unsafe<{ schemas: number; tables: number }[]>(
      sql.SCHEMA_QUERY,
      [schema],
    );
    if (found?.schemas === 0) await transaction.unsafe(sql.createSchema(schema));
    const known = await knownTables(transaction, schema, [...tables.keys()]);
    const limits = { tableCount: found?.tables ?? 0, isFixed };
    for (const change of changesFor(tables, known, limits)) {
      fixed.push(...(await changeTable(transaction, schema, change)));
    }
  });
  return fixed;
}

async function changeTable(
  transaction: postgres.TransactionSql,
  schema: string,
  { table, isNew, added, widened }: TableChange,
): Promise<readonly ColumnRef[]> {
  if (isNew) await transaction.unsafe(sql.createTable(schema, table));
  if (added.size > 0) await transaction.unsafe(sql.addColumns(schema, table, added));
  const fixed: ColumnRef[] = [];
  for (const { column, from, to } of widened) {
    try {
      await transaction.savepoint(async (inner) => {
        await inner.unsafe(WIDEN_LIMIT);
        await inner.unsafe(sql.widenColumn(schema, table, column, from, to));
        await inner.unsafe(LIMITS);
      });
    } catch (error) {
      if (!CANNOT_WIDEN.includes(sqlState(error) ?? "")) throw error;
      fixed.push({ table, column });
    }
  }
  return fixed;
}

/** Adds all rows in one transaction. Rows that are there already stay as they are. */
export async function loadRows(
  client: postgres.Sql,
  schema: string,
  tables: ReadonlyMap<string, TableRows>,
  known: KnownTables,
): Promise<void> {
  await client.begin(async (transaction) => {
    await transaction.unsafe(LIMITS);
    for (const [table, { rows, isProfile }] of [...tables].toSorted(([a], [b]) =>
      a < b ? -1 : 1,
    )) {
      const columns = known.get(table);
      if (columns === undefined) continue;
      const { json, used } = recordsFor(rows, columns);
      const statement = isProfile ? sql.mergeProfiles : sql.insertRows;
      await transaction.unsafe(statement(schema, table, used), [json]);
    }
  });
}

/** Removes every row of a user. Each table is its own statement, so that it may take its time. */
export async function deleteUser(
  client: postgres.Sql,
  schema: string,
  user: { readonly userId?: string; readonly anonymousId?: string },
): Promise<void> {
  const found = await client.unsafe<{ table: string; column: string }[]>(sql.USER_COLUMNS_QUERY, [
    schema,
  ]);
  const tables = Map.groupBy(found, ({ table }) => table);
  for (const [table, rows] of tables) {
    const columns = rows.map(({ column }) => column);
    const ofAnonymous = columns.filter((column) => column === "anonymous_id");
    const ofUser = columns.filter((column) => column !== "anonymous_id");
    if (user.userId !== undefined && ofUser.length > 0) {
      await client.unsafe(sql.deleteRows(schema, table, ofUser), [user.userId]);
    }
    if (user.anonymousId !== undefined && ofAnonymous.length > 0) {
      await client.unsafe(sql.deleteRows(schema, table, ofAnonymous), [user.anonymousId]);
    }
  }
}

import type postgres from "postgres";

import {
  changesFor,
  recordsFor,
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

/** A view or a rule hangs on the column, so that its type cannot be changed. */
const CANNOT_WIDEN: readonly string[] = ["0A000", "2BP01", "42501", "55P03"];

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

/**
 * Makes and changes tables until the rows find their columns, in a transaction of its own and under a
 * lock, so that lanes of the same schema do not do it at once.
 */
export async function changeTables(
  client: postgres.Sql,
  schema: string,
  tables: ReadonlyMap<string, TableRows>,
): Promise<void> {
  await client.begin(async (transaction) => {
    await transaction.unsafe(LIMITS);
    await transaction.unsafe(sql.SCHEMA_LOCK_QUERY, [schema]);
    const [found] = await transaction.unsafe<{ schemas: number; tables: number }[]>(
      sql.SCHEMA_QUERY,
      [schema],
    );
    if (found?.schemas === 0) await transaction.unsafe(sql.createSchema(schema));
    const known = await knownTables(transaction, schema, [...tables.keys()]);
    for (const change of changesFor(tables, known, found?.tables ?? 0)) {
      await changeTable(transaction, schema, change);
    }
  });
}

async function changeTable(
  transaction: postgres.TransactionSql,
  schema: string,
  { table, isNew, added, widened }: TableChange,
): Promise<void> {
  if (isNew) await transaction.unsafe(sql.createTable(schema, table));
  if (added.size > 0) await transaction.unsafe(sql.addColumns(schema, table, added));
  for (const { column, from, to } of widened) {
    const statement = sql.widenColumn(schema, table, column, from, to);
    await transaction
      .savepoint((inner) => inner.unsafe(statement))
      .catch((error: unknown) => {
        // The values that do not fit are then left out; the rest of the event is kept.
        if (!CANNOT_WIDEN.includes(sqlState(error) ?? "")) throw error;
      });
  }
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

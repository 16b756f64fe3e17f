import postgres from "postgres";

import type { Deliverer } from "../../../src/deliver/deliverer.ts";
import { postgresDestination } from "../../../src/deliver/postgres/destination.ts";
import { groundOf } from "./ground.ts";
import { deliveryOf } from "./mixed-events.ts";
import { nodeDial } from "./node-dial.ts";
import { startPostgres } from "./postgres-server.ts";

/** A Postgres server, and one schema in it that destinations of tests load into. */
export type Warehouse = {
  readonly sql: postgres.Sql;
  readonly schema: () => string;
  /** Begins with a new schema. */
  readonly begin: () => void;
  /** Another lane of the same destination. */
  readonly make: (settings?: Readonly<Record<string, unknown>>) => Promise<Deliverer>;
  readonly rows: (table: string) => Promise<readonly Readonly<Record<string, unknown>>[]>;
  readonly typesOf: (table: string) => Promise<Readonly<Record<string, string>>>;
  /** The number and the hash of the rows of each table, as JSON. */
  readonly contents: () => Promise<string>;
  /** All rows of all tables as one text. */
  readonly text: () => Promise<string>;
  /** Closes what {@link make} made. */
  readonly end: () => Promise<void>;
  readonly stop: () => Promise<void>;
};

/** Starts the server. It takes about a second, so a file of tests shares one. */
export async function startWarehouse(): Promise<Warehouse> {
  const { stop, ...server } = await startPostgres();
  const sql = postgres({ ...server, fetch_types: false, onnotice: () => undefined });
  const open: Deliverer[] = [];
  let schemas = 0;
  const schema = (): string => `test_${schemas}`;
  return {
    sql,
    schema,
    begin: () => {
      schemas += 1;
    },
    make: async (settings = {}) => {
      const ground = groundOf({ ...server, schema: schema(), ...settings });
      const made = await postgresDestination(nodeDial()).make(ground);
      open.push(made);
      return made;
    },
    rows: async (table) => {
      const found = await sql.unsafe(`SELECT * FROM "${schema()}"."${table}" ORDER BY id`);
      return Array.from(found);
    },
    typesOf: async (table) => {
      const found = await sql<{ name: string; type: string }[]>`
        SELECT column_name AS name, data_type AS type FROM information_schema.columns
        WHERE table_schema = ${schema()} AND table_name = ${table}`;
      return Object.fromEntries(found.map(({ name, type }) => [name, type]));
    },
    contents: async () => {
      const summed = "concat(count(*), ' rows ', md5(string_agg(t::text, '|' ORDER BY id)))";
      return JSON.stringify(await ofTables(sql, schema(), summed));
    },
    text: async () => {
      const joined = "string_agg(t::text, '|' ORDER BY id)";
      return JSON.stringify(await ofTables(sql, schema(), joined));
    },
    end: async () => {
      for (const each of open.splice(0)) await each.close?.();
    },
    stop: async () => {
      await sql.end();
      await stop();
    },
  };
}

/** What an expression over the rows `t` of each table comes to, by table. */
async function ofTables(
  sql: postgres.Sql,
  schema: string,
  expression: string,
): Promise<Readonly<Record<string, string | null>>> {
  const tables = await sql<{ name: string }[]>`
    SELECT table_name AS name FROM information_schema.tables
    WHERE table_schema = ${schema} ORDER BY 1`;
  const found: Record<string, string | null> = {};
  for (const { name } of tables) {
    const [row] = await sql.unsafe<{ value: string | null }[]>(
      `SELECT ${expression} AS value FROM "${schema}"."${name}" t`,
    );
    found[name] = row?.value ?? null;
  }
  return found;
}

const RECEIVED_AT = "2026-03-01T10:00:00.000Z";

/** A track event of the user u-1 on its way. */
export function track(
  messageId: string,
  properties: Readonly<Record<string, unknown>>,
  event = "Thing Done",
): ReturnType<typeof deliveryOf> {
  const ids = { messageId, userId: "u-1", anonymousId: "a-1" };
  const times = { receivedAt: RECEIVED_AT, timestamp: RECEIVED_AT };
  return deliveryOf({ type: "track", event, ...ids, ...times, properties });
}

/** What the user u-1 says of itself, on its way. */
export function identify(
  messageId: string,
  receivedAt: string,
  traits: Readonly<Record<string, unknown>>,
): ReturnType<typeof deliveryOf> {
  const ids = { messageId, userId: "u-1", anonymousId: "a-1" };
  return deliveryOf({ type: "identify", ...ids, receivedAt, timestamp: receivedAt, traits });
}

import type postgres from "postgres";

import type { Deliverer, Delivery, DeliveryOutcome } from "../deliverer.ts";
import type { OfferedDestination } from "../destinations.ts";
import { openClient, type Client } from "./client.ts";
import { isStale, outcomeOfError } from "./failure.ts";
import { changeTables, deleteUser, knownTables, loadRows } from "./load.ts";
import { changesFor, rowsByTable, type KnownTables, type TableRows } from "./plan.ts";
import type { Dial } from "./raw-socket.ts";
import { POSTGRES, readPostgres, type PostgresSettings } from "./settings.ts";

/** Events of one transaction. */
const BATCH_EVENTS_MAX = 2_000;
/** Bytes of one transaction's events: as rows and as JSON they take a few times as much. */
const BATCH_BYTES_MAX = 2_000_000;

/** Tables whose columns are remembered between two batches. */
const REMEMBERED_TABLES_MAX = 500;

/** Tables of a source's events in a Postgres database, by Segment's conventions. */
export function postgresDestination(dial: Dial): OfferedDestination {
  return {
    kind: POSTGRES,
    make: async (ground) => {
      const settings = readPostgres(ground);
      return new PostgresWarehouse(settings, () => openClient(settings, dial));
    },
  };
}

class PostgresWarehouse implements Deliverer {
  readonly batch = { events: BATCH_EVENTS_MAX, bytes: BATCH_BYTES_MAX };
  /** One connection; a second call would only wait for it. */
  readonly calls = 1;
  readonly #settings: PostgresSettings;
  readonly #openClient: () => Promise<Client>;
  #client: Client | undefined;
  /** Columns whose type cannot be changed, by table: it is not tried with every batch. */
  readonly #fixed = new Map<string, Set<string>>();
  #known = new Map<string, NonNullable<ReturnType<KnownTables["get"]>>>();

  constructor(settings: PostgresSettings, open: () => Promise<Client>) {
    this.#settings = settings;
    this.#openClient = open;
  }

  async deliver(
    deliveries: readonly Delivery[],
    signal: AbortSignal,
  ): Promise<readonly DeliveryOutcome[]> {
    const { tables, hasRow } = rowsByTable(deliveries);
    const outcome = await this.#run(signal, async (sql) => {
      if (tables.size > 0) await this.#load(sql, tables);
      return { kind: "delivered", status: 200 } as const;
    });
    return hasRow.map((has) =>
      has ? outcome : { kind: "filtered", code: "UNSUPPORTED_EVENT_TYPE" },
    );
  }

  forget(
    user: { readonly userId?: string; readonly anonymousId?: string },
    signal: AbortSignal,
  ): Promise<DeliveryOutcome> {
    return this.#run(signal, async (sql) => {
      await deleteUser(sql, this.#settings.schema, user);
      return { kind: "delivered", status: 200 } as const;
    });
  }

  async close(): Promise<void> {
    // Nothing runs any more; a server that does not answer is not waited for.
    await this.#client?.sql.end({ timeout: 1 });
    this.#client = undefined;
  }

  async #load(sql: postgres.Sql, tables: ReadonlyMap<string, TableRows>): Promise<void> {
    try {
      await this.#loadOnce(sql, tables);
    } catch (error) {
      if (!isStale(error)) throw error;
      this.#known.clear();
      await this.#loadOnce(sql, tables);
    }
  }

  async #loadOnce(sql: postgres.Sql, tables: ReadonlyMap<string, TableRows>): Promise<void> {
    const { schema } = this.#settings;
    if (this.#known.size > REMEMBERED_TABLES_MAX) this.#known.clear();
    await this.#lookUp(
      sql,
      [...tables.keys()].filter((table) => !this.#known.has(table)),
    );
    const isFixed = (table: string, column: string): boolean =>
      this.#fixed.get(table)?.has(column) === true;
    if (changesFor(tables, this.#known, { tableCount: 0, isFixed }).length > 0) {
      for (const { table, column } of await changeTables(sql, schema, tables, isFixed)) {
        const columns = this.#fixed.get(table) ?? new Set();
        this.#fixed.set(table, columns.add(column));
      }
      await this.#lookUp(sql, [...tables.keys()]);
    }
    await loadRows(sql, schema, tables, this.#known);
  }

  async #lookUp(sql: postgres.Sql, names: readonly string[]): Promise<void> {
    if (names.length === 0) return;
    const found = await knownTables(sql, this.#settings.schema, names);
    for (const [table, columns] of found) this.#known.set(table, columns);
  }

  async #run(
    signal: AbortSignal,
    work: (sql: postgres.Sql) => Promise<DeliveryOutcome>,
  ): Promise<DeliveryOutcome> {
    const client = (this.#client ??= await this.#openClient());
    const drop = (): void => {
      if (this.#client === client) this.#client = undefined;
      client.drop();
    };
    signal.addEventListener("abort", drop, { once: true });
    try {
      return await work(client.sql);
    } catch (error) {
      const outcome = outcomeOfError(error, signal.aborted);
      // After anything but a refusal of the data nobody knows how the connection is.
      if (outcome.kind === "retry") drop();
      return outcome;
    } finally {
      signal.removeEventListener("abort", drop);
    }
  }
}

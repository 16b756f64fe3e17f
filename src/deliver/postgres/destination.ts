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
      return new PostgresWarehouse(settings, await openClient(settings, dial));
    },
  };
}

class PostgresWarehouse implements Deliverer {
  readonly batch = { events: BATCH_EVENTS_MAX, bytes: BATCH_BYTES_MAX };
  /** One connection; a second call would only wait for it. */
  readonly calls = 1;
  readonly #settings: PostgresSettings;
  readonly #client: Client;
  #known = new Map<string, NonNullable<ReturnType<KnownTables["get"]>>>();

  constructor(settings: PostgresSettings, client: Client) {
    this.#settings = settings;
    this.#client = client;
  }

  async deliver(
    deliveries: readonly Delivery[],
    signal: AbortSignal,
  ): Promise<readonly DeliveryOutcome[]> {
    const { tables, hasRow } = rowsByTable(deliveries);
    const outcome = await this.#run(signal, async () => {
      if (tables.size > 0) await this.#load(tables);
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
    return this.#run(signal, async () => {
      await deleteUser(this.#client.sql, this.#settings.schema, user);
      return { kind: "delivered", status: 200 } as const;
    });
  }

  async close(): Promise<void> {
    // Nothing runs any more; a server that does not answer is not waited for.
    await this.#client.sql.end({ timeout: 1 });
  }

  async #load(tables: ReadonlyMap<string, TableRows>): Promise<void> {
    try {
      await this.#loadOnce(tables);
    } catch (error) {
      if (!isStale(error)) throw error;
      this.#known.clear();
      await this.#loadOnce(tables);
    }
  }

  async #loadOnce(tables: ReadonlyMap<string, TableRows>): Promise<void> {
    const { sql } = this.#client;
    const { schema } = this.#settings;
    if (this.#known.size > REMEMBERED_TABLES_MAX) this.#known.clear();
    await this.#lookUp([...tables.keys()].filter((table) => !this.#known.has(table)));
    if (changesFor(tables, this.#known, 0).length > 0) {
      await changeTables(sql, schema, tables);
      await this.#lookUp([...tables.keys()]);
    }
    await loadRows(sql, schema, tables, this.#known);
  }

  async #lookUp(names: readonly string[]): Promise<void> {
    if (names.length === 0) return;
    const found = await knownTables(this.#client.sql, this.#settings.schema, names);
    for (const [table, columns] of found) this.#known.set(table, columns);
  }

  async #run(signal: AbortSignal, work: () => Promise<DeliveryOutcome>): Promise<DeliveryOutcome> {
    const abort = (): void => this.#client.abort();
    signal.addEventListener("abort", abort, { once: true });
    try {
      return await work();
    } catch (error) {
      return outcomeOfError(error, signal.aborted);
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }
}

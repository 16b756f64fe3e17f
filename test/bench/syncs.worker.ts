import { DurableObject } from "cloudflare:workers";

import { SYNC_SPILL_SQL, SyncSpillTable } from "../../durable-objects/storage/sync-spill-table.ts";
import { SYNC_STATE_SQL, SyncStateTable } from "../../durable-objects/storage/sync-state-table.ts";
import type { Accepted } from "../../src/sync/engine/change.ts";
import { diff } from "../../src/sync/engine/diff.ts";
import type { PartitionInput } from "../../src/sync/engine/diff-input.ts";
import { bitsFor } from "../../src/sync/engine/plan.ts";
import { RowHasher } from "../../src/sync/engine/row-hash.ts";
import { SyncState } from "../../src/sync/engine/state/sync-state.ts";
import { CountedSource, SELECTION } from "./counted-source.ts";
import type { CountedTable, Order } from "./syncs-order.ts";

type Env = { readonly SYNC: DurableObjectNamespace<BenchSync> };

/** Records of one transaction, as a run takes them. */
const ACCEPTED_AT_ONCE = 10_000;

export class BenchSync extends DurableObject<Env> {
  readonly #state: SyncState;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const { sql } = ctx.storage;
    const made = sql.exec("SELECT name FROM sqlite_master WHERE name = 'state_pages'").toArray();
    if (made.length === 0) sql.exec(SYNC_STATE_SQL + SYNC_SPILL_SQL);
    this.#state = new SyncState(new SyncStateTable(sql));
  }

  override async fetch(request: Request): Promise<Response> {
    const { what, table, engine } = await request.json<Order>();
    switch (what) {
      case "accept":
        return Response.json(await this.#diff(table, engine, true));
      case "diff":
        return Response.json(await this.#diff(table, engine, false));
      case "source":
        return Response.json(await this.#read(table, engine));
      case "sums":
        return Response.json(this.#sums(table));
      case "pages":
        return Response.json(this.#pages());
      case "fold":
        return Response.json(await this.#fold(table));
      case "write-pages":
        return Response.json(await this.#writePages(table));
      case "hash":
        return Response.json(hashRows(table));
      case "clear":
        return Response.json(this.#clear());
    }
  }

  async #diff(table: CountedTable, engine: Order["engine"], isAccepted: boolean): Promise<number> {
    const input: PartitionInput = {
      state: this.#state,
      selection: SELECTION,
      needs: { updates: true, gone: "delete" },
      isFull: false,
      position: undefined,
      signal: new AbortController().signal,
      spill: new SyncSpillTable(this.ctx.storage.sql),
      nextTurn: () => scheduler.wait(0),
    };
    const source = new CountedSource(table, engine === "partition_join" ? "rows" : "sql");
    const bits = bitsFor(table.rows / 1000, table.rows);
    const plan = engine === "checksum" ? { engine, bits, why: "" } : { engine, why: "" };
    let changes = 0;
    let accepted: Accepted[] = [];
    const take = (): void => {
      this.ctx.storage.transactionSync(() => this.#state.accept(accepted));
      accepted = [];
    };
    for await (const piece of diff(source.asSource(), { ...input, plan })) {
      changes += piece.changes.length;
      if (!isAccepted) continue;
      for (const { kind, keyHash, rowHash } of piece.changes) {
        accepted.push({ keyHash, rowHash: kind === "delete" ? undefined : rowHash });
      }
      if (accepted.length >= ACCEPTED_AT_ONCE) take();
    }
    take();
    while (this.ctx.storage.transactionSync(() => this.#state.tidy())) await scheduler.wait(0);
    return changes;
  }

  /** The source alone, read as the engine would. */
  async #read(table: CountedTable, engine: Order["engine"]): Promise<number> {
    const source = new CountedSource(table, engine === "partition_join" ? "rows" : "sql");
    let rows = 0;
    for await (const batch of source.batches(0)) rows += batch.rows.length;
    return rows;
  }

  #sums({ rows }: CountedTable): number {
    const bits = bitsFor(rows / 1000, rows);
    const part = 4096;
    let buckets = 0;
    for (let first = 0; first < 2 ** bits; first += part) {
      for (const sum of this.#state.sums(bits, first, part)) buckets += sum === 0n ? 0 : 1;
    }
    return buckets;
  }

  /** The floor of anything that reads the whole state: its rows, unread. */
  #pages(): number {
    let bytes = 0;
    for (let first = -1; ;) {
      const [row] = this.ctx.storage.sql
        .exec<{ first: number; entries: ArrayBuffer }>(
          "SELECT first, entries FROM state_pages WHERE first > ? ORDER BY first LIMIT 1",
          first,
        )
        .toArray();
      if (row === undefined) return bytes;
      first = row.first;
      bytes += row.entries.byteLength;
    }
  }

  /** Accepts all rows in an order that has nothing to do with that of their hashes, and folds them. */
  async #fold(table: CountedTable): Promise<number> {
    for (const accepted of anyOrder(table)) {
      this.ctx.storage.transactionSync(() => this.#state.accept(accepted));
      while (this.ctx.storage.transactionSync(() => this.#state.tidy())) await scheduler.wait(0);
    }
    return this.#state.store.runs().length;
  }

  /** The floor of that: the same rows made, and as many bytes in as many rows of the database, in order. */
  async #writePages(table: CountedTable): Promise<number> {
    const { sql } = this.ctx.storage;
    sql.exec("CREATE TABLE IF NOT EXISTS floor_pages (first INTEGER PRIMARY KEY, entries BLOB)");
    const entries = crypto.getRandomValues(new Uint8Array(25_000));
    let page = 0;
    for (const accepted of anyOrder(table)) {
      for (let rows = 0; rows < accepted.length; rows += 1_000) {
        sql.exec("INSERT OR REPLACE INTO floor_pages VALUES (?, ?)", page++, entries);
      }
      await scheduler.wait(0);
    }
    sql.exec("DROP TABLE floor_pages");
    return page;
  }

  #clear(): number {
    this.ctx.storage.transactionSync(() => this.#state.clear());
    return 0;
  }
}

function* anyOrder({ rows, salt }: CountedTable): Generator<readonly Accepted[]> {
  const step = 7_919 * 13;
  const source = new CountedSource({ rows, salt, changedEvery: 1, gone: 0 }, "sql");
  for (let from = 0; from < rows; from += ACCEPTED_AT_ONCE) {
    const size = Math.min(ACCEPTED_AT_ONCE, rows - from);
    yield Array.from({ length: size }, (_, i) => {
      const { keyHash, rowHash } = source.row(((from + i) * step) % rows);
      return { keyHash, rowHash };
    });
  }
}

function hashRows(table: CountedTable): number {
  const source = new CountedSource(table, "sql");
  const hasher = new RowHasher({ keyA: 1n, keyB: 2n, row: 3n }, [0]);
  const rows = Array.from({ length: 1000 }, (_, n) => source.row(n).row);
  let count = 0;
  for (let i = 0; i < table.rows / 1000; i++) {
    for (const row of rows) if (hasher.hash(row) !== undefined) count += 1;
  }
  return count;
}

/** `POST /<object>` with an {@link Order} asks an object. */
export default {
  fetch(request: Request, env: Env): Promise<Response> {
    return env.SYNC.getByName(new URL(request.url).pathname.slice(1)).fetch(request);
  },
};

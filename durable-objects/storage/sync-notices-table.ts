import { readStored } from "../../src/core/stored-json.ts";
import { bytesOf, columnOf } from "../../src/deliver/lane/lane-storage.ts";
import type { SyncEvent, SyncWebhook } from "../../src/sync/alerts/notice.ts";
import { NoticesTable } from "./notices-table.ts";

/** Notices that wait at most; of more the oldest are forgotten. */
const WAITING_MAX = 10_000;

/** The webhook of a workspace's syncs and what it has to be told. Synchronous. */
export class SyncNoticesTable {
  readonly #sql: SqlStorage;
  /** What is still to be told. */
  readonly notices: NoticesTable;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    this.notices = new NoticesTable(sql, "sync_notices");
  }

  webhook(): SyncWebhook | undefined {
    const [row] = this.#sql
      .exec<{ url: string; hosts: string; events: string | null }>(
        "SELECT url, hosts, events FROM sync_webhook",
      )
      .toArray();
    if (row === undefined) return undefined;
    return {
      url: row.url,
      hosts: readStored<readonly string[]>(row.hosts),
      ...(row.events === null ? {} : { events: readStored<readonly SyncEvent[]>(row.events) }),
    };
  }

  /** The secret that signs notices, sealed. */
  secret(): Uint8Array | undefined {
    const [row] = this.#sql.exec("SELECT secret FROM sync_webhook").toArray();
    return row === undefined ? undefined : bytesOf(row["secret"]);
  }

  saveWebhook({ url, hosts, events }: SyncWebhook, secret: Uint8Array, nowMs: number): void {
    this.#sql.exec(
      `INSERT OR REPLACE INTO sync_webhook (id, url, hosts, events, secret, set_at_ms)
       VALUES (1, ?, ?, ?, ?, ?)`,
      url,
      JSON.stringify(hosts),
      events === undefined ? null : JSON.stringify(events),
      columnOf(secret),
      nowMs,
    );
  }

  /** Forgets the webhook, and all that was to be told there. */
  dropWebhook(): void {
    this.#sql.exec("DELETE FROM sync_webhook");
    this.notices.clear();
  }

  /** Adds a notice; the oldest go when too many wait. */
  add(id: string, body: string, nowMs: number): void {
    this.notices.add(id, body, nowMs);
    this.notices.keep(WAITING_MAX);
  }
}

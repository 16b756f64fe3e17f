import { readStored } from "../../src/core/stored-json.ts";
import { bytesOf, columnOf } from "../../src/deliver/lane/lane-storage.ts";
import type { SyncEvent, SyncWebhook } from "../../src/sync/alerts/notice.ts";
import type { WaitingNotice } from "./alerts-table.ts";

/** Notices that wait at most; of more the oldest are forgotten. */
const WAITING_MAX = 10_000;

type NoticeRow = {
  readonly position: number;
  readonly id: string;
  readonly body: string;
  readonly made_at_ms: number;
  readonly attempts: number;
  readonly due_at_ms: number;
};

/** The webhook of a workspace's syncs and what it has to be told. Synchronous. */
export class SyncNoticesTable {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
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
    this.#sql.exec("DELETE FROM sync_notices");
  }

  /** Adds a notice, unless one of that id waits. */
  add(id: string, body: string, nowMs: number): void {
    this.#sql.exec(
      `INSERT OR IGNORE INTO sync_notices (id, body, made_at_ms, attempts, due_at_ms)
       VALUES (?, ?, ?, 0, ?)`,
      id,
      body,
      nowMs,
      nowMs,
    );
    this.#sql.exec(
      "DELETE FROM sync_notices WHERE position <= (SELECT max(position) FROM sync_notices) - ?",
      WAITING_MAX,
    );
  }

  nextNotice(): WaitingNotice | undefined {
    return this.#sql
      .exec<NoticeRow>("SELECT * FROM sync_notices ORDER BY position LIMIT 1")
      .toArray()
      .map((row) => ({
        position: row.position,
        id: row.id,
        body: row.body,
        madeAtMs: row.made_at_ms,
        attempts: row.attempts,
        dueAtMs: row.due_at_ms,
      }))[0];
  }

  waiting(): number {
    return this.#sql.exec<{ n: number }>("SELECT count(*) AS n FROM sync_notices").one().n;
  }

  postpone(id: string, attempts: number, dueAtMs: number): void {
    this.#sql.exec(
      "UPDATE sync_notices SET attempts = ?, due_at_ms = ? WHERE id = ?",
      attempts,
      dueAtMs,
      id,
    );
  }

  dropNotice(id: string): void {
    this.#sql.exec("DELETE FROM sync_notices WHERE id = ?", id);
  }
}

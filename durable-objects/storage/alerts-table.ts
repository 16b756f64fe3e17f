import type { SourceId } from "../../src/core/ids.ts";
import { readStored } from "../../src/core/stored-json.ts";
import { bytesOf, columnOf } from "../../src/deliver/lane/lane-storage.ts";
import type { AlertWebhook, HeldAlert } from "../../src/workspace/alert-notices.ts";
import type { Alert, AlertCode, RaisedAlert } from "../../src/workspace/alerts.ts";
import { NoticesTable } from "./notices-table.ts";

type StateRow = {
  code: AlertCode;
  subject: string;
  since_ms: number;
  seen_at_ms: number;
  gone_at_ms: number | null;
  is_told: number;
};

/** What a workspace knows of its alerts and still has to tell. Synchronous; the caller groups calls. */
export class AlertsTable {
  readonly #sql: SqlStorage;
  /** What is still to be told. */
  readonly notices: NoticesTable;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    this.notices = new NoticesTable(sql, "alert_notices");
  }

  /** Notes what is wrong as `raiser` found it; written once however often it is told. */
  raise(code: RaisedAlert, raiser: string, subject: string, sinceMs: number): void {
    this.#sql.exec(
      "INSERT OR IGNORE INTO alerts_raised (code, raiser, subject, since_ms) VALUES (?, ?, ?, ?)",
      code,
      raiser,
      subject,
      sinceMs,
    );
  }

  clear(code: RaisedAlert, raiser: string): void {
    this.#sql.exec("DELETE FROM alerts_raised WHERE code = ? AND raiser = ?", code, raiser);
  }

  /** Takes back all that `raiser` raised. */
  clearAll(raiser: string): void {
    this.#sql.exec("DELETE FROM alerts_raised WHERE raiser = ?", raiser);
  }

  /** What was raised, one alert for each code and subject. */
  raised(): readonly Alert[] {
    return this.#sql
      .exec<{ code: RaisedAlert; subject: string; since_ms: number; n: number }>(
        `SELECT code, subject, min(since_ms) AS since_ms, count(*) AS n FROM alerts_raised
         GROUP BY code, subject ORDER BY code, subject`,
      )
      .toArray()
      .map(({ code, subject, since_ms, n }) => ({ code, subject, sinceMs: since_ms, count: n }));
  }

  /** Sources that had events, of whose queues none holds any, and since when. */
  emptySources(): readonly { readonly sourceId: SourceId; readonly sinceMs: number }[] {
    return this.#sql
      .exec<{ source_id: SourceId; since_ms: number }>(
        `SELECT source_id, max(drained_at_ms) AS since_ms FROM queues
         GROUP BY source_id HAVING max(holds_events) = 0 AND max(drained_at_ms) IS NOT NULL`,
      )
      .toArray()
      .map(({ source_id, since_ms }) => ({ sourceId: source_id, sinceMs: since_ms }));
  }

  webhook(): AlertWebhook | undefined {
    const [row] = this.#sql
      .exec<{ url: string; hosts: string; codes: string | null }>(
        "SELECT url, hosts, codes FROM alert_webhook",
      )
      .toArray();
    if (row === undefined) return undefined;
    const codes = row.codes === null ? undefined : readStored<readonly AlertCode[]>(row.codes);
    return {
      url: row.url,
      hosts: readStored<readonly string[]>(row.hosts),
      ...(codes === undefined ? {} : { codes }),
    };
  }

  /** The secret that signs notices, sealed. */
  secret(): Uint8Array | undefined {
    const [row] = this.#sql.exec("SELECT secret FROM alert_webhook").toArray();
    return row === undefined ? undefined : bytesOf(row["secret"]);
  }

  saveWebhook({ url, hosts, codes }: AlertWebhook, secret: Uint8Array, nowMs: number): void {
    this.#sql.exec(
      `INSERT OR REPLACE INTO alert_webhook (id, url, hosts, codes, secret, set_at_ms)
       VALUES (1, ?, ?, ?, ?, ?)`,
      url,
      JSON.stringify(hosts),
      codes === undefined ? null : JSON.stringify(codes),
      columnOf(secret),
      nowMs,
    );
  }

  /** Forgets the webhook, and all that was or was to be told there. */
  dropWebhook(): void {
    this.#sql.exec("DELETE FROM alert_webhook");
    this.forget();
  }

  /** Forgets what was told, so that whatever is open is told anew. */
  forget(): void {
    this.#sql.exec("DELETE FROM alert_states");
    this.notices.clear();
  }

  held(): readonly HeldAlert[] {
    return this.#sql
      .exec<StateRow>("SELECT * FROM alert_states")
      .toArray()
      .map((row) => ({
        code: row.code,
        subject: row.subject,
        sinceMs: row.since_ms,
        seenAtMs: row.seen_at_ms,
        goneAtMs: row.gone_at_ms ?? undefined,
        isTold: row.is_told === 1,
      }));
  }

  /** Takes over what is held from now on, and writes only what changed. */
  hold(before: readonly HeldAlert[], after: readonly HeldAlert[]): void {
    const rows = new Map(before.map((each) => [keyOf(each), JSON.stringify(each)]));
    for (const each of after) {
      const key = keyOf(each);
      const isSame = rows.get(key) === JSON.stringify(each);
      rows.delete(key);
      if (isSame) continue;
      const { code, subject, sinceMs, seenAtMs, goneAtMs, isTold } = each;
      this.#sql.exec(
        `INSERT OR REPLACE INTO alert_states
           (code, subject, since_ms, seen_at_ms, gone_at_ms, is_told) VALUES (?, ?, ?, ?, ?, ?)`,
        code,
        subject,
        sinceMs,
        seenAtMs,
        goneAtMs ?? null,
        isTold ? 1 : 0,
      );
    }
    for (const { code, subject } of before.filter((each) => rows.has(keyOf(each)))) {
      this.#sql.exec("DELETE FROM alert_states WHERE code = ? AND subject = ?", code, subject);
    }
  }
}

function keyOf({ code, subject }: Pick<HeldAlert, "code" | "subject">): string {
  return `${code} ${subject}`;
}

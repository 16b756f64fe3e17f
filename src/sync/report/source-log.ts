import { openClient, type Client, type DatabaseLogin } from "../../deliver/postgres/client.ts";
import { sqlState } from "../../deliver/postgres/failure.ts";
import type { Dial } from "../../deliver/postgres/raw-socket.ts";
import type { LogRecord } from "../run/run.ts";
import type { ForgottenRows } from "./erase-log.ts";

/** Which run a report is of, and what it went from and to. */
export type SourceLogOrigin = {
  readonly syncId: string;
  readonly runId: string;
  readonly sourceId: string;
  readonly sourceObject: string;
  readonly destinationId: string;
  readonly destinationObject: string;
};

/** Records of one statement; they travel as one text. */
const RECORDS_MAX = 2_000;

/** Days that a row stays, as a report in the bucket does. */
const KEPT_DAYS = 14;

/** The columns of Census's log in a warehouse, and two by which a deletion finds its users. */
const CREATE = [
  "CREATE SCHEMA IF NOT EXISTS homeport",
  `CREATE TABLE IF NOT EXISTS homeport.sync_log (
     log_id text PRIMARY KEY,
     sync_id text NOT NULL,
     sync_run_id text NOT NULL,
     record_identifier text,
     record_payload text,
     batch_started_at timestamptz,
     batch_completed_at timestamptz,
     operation text,
     status text,
     status_message text,
     _census_logged_at timestamptz NOT NULL DEFAULT now(),
     destination_id text,
     destination_object_id text,
     source_id text,
     source_object_id text,
     user_id text,
     anonymous_id text
   )`,
];

const EXISTS = "SELECT to_regclass('homeport.sync_log') IS NOT NULL AS there";

const INSERT = `INSERT INTO homeport.sync_log (log_id, sync_id, sync_run_id, record_identifier,
    record_payload, batch_started_at, batch_completed_at, operation, status, status_message,
    destination_id, destination_object_id, source_id, source_object_id, user_id, anonymous_id)
  SELECT r.log_id, $2, $3, r.record_identifier, r.record_payload,
    to_timestamp(r.started / 1000.0), to_timestamp(r.ended / 1000.0), r.operation, r.status,
    r.status_message, $4, $5, $6, $7, r.user_id, r.anonymous_id
  FROM json_to_recordset($1::text::json) AS r(log_id text, record_identifier text, record_payload text,
    started float8, ended float8, operation text, status text, status_message text, user_id text,
    anonymous_id text)
  ON CONFLICT (log_id) DO NOTHING`;

const SWEEP = `DELETE FROM homeport.sync_log
  WHERE sync_id = $1 AND _census_logged_at < now() - interval '${KEPT_DAYS} days'`;

const ERASE = `DELETE FROM homeport.sync_log WHERE sync_id = $1
  AND (user_id IN (SELECT json_array_elements_text($2::text::json))
    OR anonymous_id IN (SELECT json_array_elements_text($3::text::json)))`;

/** What was written, or why nothing can be there. */
export type SourceWritten = { readonly kind: "written" } | { readonly kind: "not-allowed" };

/** The report of syncs as a table in their source. Each row is known by its id, so that it stands once. */
export class SourceLog {
  readonly #login: DatabaseLogin;
  readonly #dial: Dial;
  #client: Client | undefined;

  constructor(login: DatabaseLogin, dial: Dial) {
    this.#login = login;
    this.#dial = dial;
  }

  /** @throws Error of the driver when the database does not answer. */
  async write(
    origin: SourceLogOrigin,
    part: number,
    records: readonly LogRecord[],
  ): Promise<SourceWritten> {
    try {
      await this.#makeTable();
      for (let from = 0; from < records.length; from += RECORDS_MAX) {
        const some = records.slice(from, from + RECORDS_MAX);
        const rows = some.map((record, at) =>
          rowOf(record, `${origin.runId}.${part}.${from + at}`),
        );
        const { syncId, runId, destinationId, destinationObject, sourceId, sourceObject } = origin;
        await this.#run(INSERT, [
          JSON.stringify(rows),
          syncId,
          runId,
          destinationId,
          destinationObject,
          sourceId,
          sourceObject,
        ]);
      }
      await this.#run(SWEEP, [origin.syncId]);
      return { kind: "written" };
    } catch (error) {
      if (isRefused(error)) return { kind: "not-allowed" };
      throw error;
    }
  }

  /** Takes users out; how many rows that were. @throws Error of the driver. */
  async erase(syncId: string, { type, ids, linked }: ForgottenRows): Promise<number> {
    const [found] = await this.#run<{ readonly there: boolean }>(EXISTS, []);
    if (found?.there !== true) return 0;
    const users = type === "USER_ID" ? [...ids] : [];
    const anonymous = [...(type === "ANONYMOUS_ID" ? ids : []), ...(linked ?? [])];
    const erased = await this.#run(ERASE, [
      syncId,
      JSON.stringify(users),
      JSON.stringify(anonymous),
    ]);
    return erased.count;
  }

  async close(): Promise<void> {
    await this.#client?.sql.end({ timeout: 1 });
    this.#client = undefined;
  }

  /** Whoever may only write into the table need not be allowed to make it. */
  async #makeTable(): Promise<void> {
    const [found] = await this.#run<{ readonly there: boolean }>(EXISTS, []);
    if (found?.there === true) return;
    for (const statement of CREATE) await this.#run(statement, []);
  }

  async #run<T>(statement: string, values: readonly string[]) {
    this.#client ??= await openClient(this.#login, this.#dial);
    return this.#client.sql.unsafe<(T & object)[]>(statement, [...values]);
  }
}

/** A row that may not be written, a schema that may not be made, or a server that only reads. */
function isRefused(error: unknown): boolean {
  return ["42501", "25006", "3F000", "42P01", "42703"].includes(sqlState(error) ?? "");
}

function rowOf(record: LogRecord, logId: string) {
  const { identifier, payload, startedAtMs, endedAtMs, operation, status, message, user } = record;
  return {
    log_id: logId,
    record_identifier: textOf(identifier),
    record_payload: textOf(payload),
    started: startedAtMs,
    ended: endedAtMs,
    operation,
    status,
    status_message: message === undefined ? null : textOf(message),
    user_id: user.userId === undefined ? null : textOf(user.userId),
    anonymous_id: user.anonymousId === undefined ? null : textOf(user.anonymousId),
  };
}

/** A text as Postgres can hold it: it has no zero character and no half of a pair. */
function textOf(text: string): string {
  return text.toWellFormed().replaceAll("\u0000", "");
}

import { writeParquet } from "../../deliver/lake/parquet.ts";
import type { LogRecord } from "../run/run.ts";

/** Which run a report is of. */
export type LogOrigin = { readonly syncId: string; readonly runId: string };

/**
 * A part of a run's report as a Parquet file, with the columns of Census's sync tracking and two more.
 * The same records are always the same bytes, so that a part that is written again is found to be there.
 */
export async function logFile(
  { syncId, runId }: LogOrigin,
  records: readonly LogRecord[],
): Promise<Uint8Array> {
  const text = (name: string, value: (record: LogRecord) => string | null) =>
    ({ name, type: "STRING", data: records.map(value) }) as const;
  const moment = (name: string, value: (record: LogRecord) => number) =>
    ({ name, type: "TIMESTAMP", data: records.map((record) => new Date(value(record))) }) as const;
  return writeParquet([
    text("identifier", ({ identifier }) => identifier),
    text("record_payload", ({ payload }) => payload),
    text("operation", ({ operation }) => operation),
    text("status", ({ status }) => status),
    text("status_message", ({ message }) => message ?? null),
    moment("batch_started_at", ({ startedAtMs }) => startedAtMs),
    moment("batch_ended_at", ({ endedAtMs }) => endedAtMs),
    text("sync_configuration_id", () => syncId),
    text("sync_run_id", () => runId),
    // Ours: a deletion finds its users by them, as in the data lake.
    text("user_id", ({ user }) => user.userId ?? null),
    text("anonymous_id", ({ user }) => user.anonymousId ?? null),
  ]);
}

/** Where a part of a run's report stands in the region's bucket. */
export function logKey({ syncId, runId }: LogOrigin, part: number): string {
  return `${logPrefix(syncId)}${runId}/records.${part}.parquet`;
}

/** What all reports of a sync stand under. */
export function logPrefix(syncId: string): string {
  return `homeport-sync-logs/${syncId}/`;
}

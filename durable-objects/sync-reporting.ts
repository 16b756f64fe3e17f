import type { Config } from "../src/config.ts";
import { err, ok, type Result } from "../src/core/result.ts";
import type { EgressObserver } from "../src/egress/guard.ts";
import type { Bucket } from "../src/s3/bucket.ts";
import { databaseLogin } from "../src/sync/connection/open.ts";
import type { SyncConfig } from "../src/sync/ports.ts";
import { metadataFile, metadataKey } from "../src/sync/report/metadata.ts";
import { logFile, logKey } from "../src/sync/report/parquet-log.ts";
import { SourceLog, type SourceLogOrigin } from "../src/sync/report/source-log.ts";
import type { DiffFileFailure } from "../src/sync/run/diff-files.ts";
import type { LogRecord, SyncRun } from "../src/sync/run/run.ts";
import type { SyncId } from "../src/sync/sync.ts";
import { connectionContext, openConnection } from "./open-connection.ts";
import type { SyncStorage } from "./storage/sync-storage.ts";
import { platformBucket } from "./sync-buckets.ts";

export type ReportingDeps = {
  readonly id: SyncId;
  readonly config: Config;
  readonly observer: EgressObserver;
  readonly storage: SyncStorage;
};

/** What a run says whose report could not go where it was to. */
const NOTE =
  "The report stands in the bucket: the source does not let homeport.sync_log be made or written.";

/** Writes the report of a run: into its source where that is wanted and allowed, else into the bucket. */
export async function writeReport(
  deps: ReportingDeps,
  config: SyncConfig | undefined,
  run: SyncRun,
  part: number,
  records: readonly LogRecord[],
): Promise<Result<void, DiffFileFailure>> {
  const log = config === undefined ? undefined : sourceLogOf(deps, config);
  if (config !== undefined && log !== undefined) {
    try {
      const written = await log.write(originOf(config, run), part, records);
      if (written.kind === "written") return ok(undefined);
      note(deps.storage, NOTE);
    } catch {
      // What the driver says may quote a row.
      return err({ code: "source_unavailable", isPassing: true });
    } finally {
      await log.close().catch(() => undefined);
    }
  }
  return writeFiles(deps, config, run, part, records);
}

/** The table in the source, where the sync wants one there and the source is a database. */
export function sourceLogOf(
  { config: deployment, observer }: Pick<ReportingDeps, "config" | "observer">,
  { sync, source }: SyncConfig,
): SourceLog | undefined {
  if (sync.log !== "source" || source.kind !== "postgres") return undefined;
  const opened = openConnection(deployment, source);
  const { login, dial } = databaseLogin(opened, connectionContext(deployment, source, observer));
  return new SourceLog(login, dial);
}

async function writeFiles(
  deps: ReportingDeps,
  config: SyncConfig | undefined,
  run: SyncRun,
  part: number,
  records: readonly LogRecord[],
): Promise<Result<void, DiffFileFailure>> {
  const origin = { syncId: run.syncId, runId: run.id };
  const bucket = platformBucket(deps);
  const described = await putOnce(
    bucket,
    metadataKey(origin),
    metadataFile(run, config),
    "application/json",
  );
  if (!described.ok) return described;
  const type = "application/vnd.apache.parquet";
  return putOnce(bucket, logKey(origin, part), await logFile(origin, records), type);
}

async function putOnce(
  bucket: Bucket,
  key: string,
  body: Uint8Array,
  contentType: string,
): Promise<Result<void, DiffFileFailure>> {
  const put = await bucket.putNew(key, body, { contentType });
  if (put.ok || put.error.kind === "already-exists") return ok(undefined);
  const { kind } = put.error;
  return err({ code: "code" in put.error ? put.error.code : kind, isPassing: true });
}

function note(storage: SyncStorage, text: string): void {
  if (storage.run().note === text) return;
  storage.transaction(() => storage.save({ ...storage.run(), note: text }));
}

function originOf({ sync, source }: SyncConfig, run: SyncRun): SourceLogOrigin {
  const { destination } = sync;
  const { model } = sync.source;
  return {
    syncId: sync.id,
    runId: run.id,
    sourceId: source.id,
    sourceObject: model.kind === "table" ? `${model.schema}.${model.name}` : model.kind,
    destinationId:
      "connectionId" in destination ? destination.connectionId : destination.destinationId,
    destinationObject: destination.object,
  };
}

import { regionOf, workspaceOf } from "../../core/ids.ts";
import type { SyncConfig } from "../ports.ts";
import type { SyncRun } from "../run/run.ts";
import { logPrefix, type LogOrigin } from "./parquet-log.ts";

/** What is told of a run beside the files of its report; ids of ours and names of fields only. */
export function metadataFile(
  run: Pick<SyncRun, "id" | "syncId" | "createdAtMs">,
  config: SyncConfig | undefined,
): Uint8Array {
  const { source, sync, destination } = config ?? {};
  const fields = sync?.mappings.map(({ to }) => [to, "string"] as const) ?? [];
  const text = JSON.stringify({
    workspace_id: workspaceOf(run.syncId),
    region: regionOf(run.syncId),
    sync_configuration_id: run.syncId,
    sync_run_id: run.id,
    source_type: source?.kind ?? null,
    source_id: source?.id ?? null,
    destination_type: destination?.kind ?? null,
    destination_id: sync === undefined ? null : destinationIdOf(sync.destination),
    started_at: new Date(run.createdAtMs).toISOString(),
    record_payload_fields: Object.fromEntries(fields),
  });
  return new TextEncoder().encode(text);
}

/** Where it stands. */
export function metadataKey({ syncId, runId }: LogOrigin): string {
  return `${logPrefix(syncId)}${runId}/metadata.json`;
}

function destinationIdOf(destination: SyncConfig["sync"]["destination"]): string {
  return "connectionId" in destination ? destination.connectionId : destination.destinationId;
}

import type { SourceId } from "../core/ids.ts";
import type { Services } from "../services.ts";
import { runningJob, type JobRef, type QueuedJob } from "./jobs.ts";
import type { RetentionProgress } from "./retention.ts";

/** A job as the management API shows it. */
export type JobView = JobRef & {
  readonly state: QueuedJob["state"];
  readonly waitsFor: JobRef | null;
  readonly enteredAt: string;
};

/** A sweep as the management API shows it. */
export type RetentionView = Omit<
  RetentionProgress,
  "beforeMs" | "startedAtMs" | "updatedAtMs" | "error" | "waitsFor"
> & {
  /** Files whose last event was received before this instant are removed. */
  readonly before: string | null;
  readonly error: string | null;
  readonly waitsFor: JobRef | null;
  readonly startedAt: string;
  readonly updatedAt: string;
};

/** `GET …/sources/:id/jobs`. */
export async function listJobs(
  sourceId: SourceId,
  services: Services,
): Promise<readonly JobView[]> {
  const queue = await services.archive(sourceId).jobs();
  const running = runningJob(queue);
  return queue.map(({ id, kind, state, enteredAtMs }) => ({
    id,
    kind,
    state,
    waitsFor:
      state === "running" || running === undefined ? null : { id: running.id, kind: running.kind },
    enteredAt: new Date(enteredAtMs).toISOString(),
  }));
}

/** `GET …/sources/:id/retention`: the present or the last sweep; `undefined` before the first. */
export async function retentionStatus(
  sourceId: SourceId,
  services: Services,
): Promise<RetentionView | undefined> {
  const progress = await services.archive(sourceId).retention();
  if (progress === undefined) return undefined;
  const { beforeMs, startedAtMs, updatedAtMs, error, waitsFor, ...rest } = progress;
  return {
    ...rest,
    before: beforeMs === undefined ? null : new Date(beforeMs).toISOString(),
    error: error ?? null,
    waitsFor: waitsFor ?? null,
    startedAt: new Date(startedAtMs).toISOString(),
    updatedAt: new Date(updatedAtMs).toISOString(),
  };
}

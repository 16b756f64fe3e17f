import { isChildId, workspaceOf, type SourceId } from "../src/core/ids.ts";
import type { SweepNote } from "../src/services.ts";
import type { DeliveryParts } from "./workspace-delivery.ts";
import { WorkspaceStorage } from "./workspace-storage.ts";

/** The calls of a Workspace about what becomes of archives; a base of the object, as calls are methods. */
export abstract class WorkspaceArchive extends WorkspaceStorage {
  protected abstract override readonly delivery: DeliveryParts;

  /**
   * Records what retention removed; once, however often it is told.
   *
   * @throws Error when it is no job of this workspace, a bug of the caller.
   */
  async noteSweep(
    sourceId: SourceId,
    { jobId, files, events, beforeMs }: SweepNote,
  ): Promise<void> {
    const { turn } = this.delivery;
    if (!turn.isCreated) return;
    if (!isChildId("job", jobId) || workspaceOf(jobId) !== turn.id) {
      throw new Error("Cannot record a sweep: wanted a job of this workspace");
    }
    const before = new Date(beforeMs).toISOString().slice(0, 10);
    turn.transaction(() => {
      if (turn.chain.has("retention.sweep", jobId)) return;
      const by = { actor: "archive", nowMs: Date.now() };
      const fields = [sourceId, `files:${files}`, `events:${events}`, `before:${before}`];
      turn.note(by, "retention.sweep", jobId, fields);
    });
  }
}

import { isChildId, newChildId, workspaceOf, type SourceId } from "../src/core/ids.ts";
import { err, ok } from "../src/core/result.ts";
import type { ReplayAct, ReplayId, ReplaySpec } from "../src/replay/replay.ts";
import type { SweepNote } from "../src/services.ts";
import type { AdminCall, Answer, Page, PageOf } from "../src/workspace/ports.ts";
import type { HeldReplay, ReplayDraft, ReplaysPort } from "../src/workspace/replay-ports.ts";
import { ReplaysTable } from "./storage/replays-table.ts";
import type { DeliveryParts } from "./workspace-delivery.ts";
import { WorkspaceStorage } from "./workspace-storage.ts";

const NO_REPLAY = { kind: "not-found", what: "replay" } as const;

/** The calls of a Workspace about what becomes of archives; a base of the object, as calls are methods. */
export abstract class WorkspaceArchive extends WorkspaceStorage implements ReplaysPort {
  protected abstract override readonly delivery: DeliveryParts;

  async addReplay(call: AdminCall, draft: ReplayDraft): Promise<Answer<HeldReplay>> {
    const { turn, destinations } = this.delivery;
    return turn.act(call, (by) => {
      const { isDryRun, sourceId, destinationId, ...selection } = draft;
      const source = turn.tables.source(sourceId);
      if (source === undefined || source.deletedAtMs !== undefined) {
        return err({ kind: "not-found", what: "source" });
      }
      const destination = destinations.find(destinationId);
      if (!destination.ok) return destination;
      if (destination.value.sourceId !== source.id) {
        return err({ kind: "not-found", what: "destination" });
      }
      const spec: ReplaySpec = {
        ...selection,
        id: newChildId("rpl", turn.id, turn.random),
        sourceId: source.id,
        destinationId: destination.value.id,
        createdAtMs: by.nowMs,
      };
      this.#replays().add({ spec, isDryRun });
      turn.note(by, "replay.create", spec.id, [source.id, spec.destinationId]);
      return ok({ spec, isDryRun });
    });
  }

  async replays(call: AdminCall, { after, limit }: Page): Promise<Answer<PageOf<HeldReplay>>> {
    return this.delivery.turn.act(call, () => {
      const found = this.#replays().page(after, limit + 1);
      const data = found.slice(0, limit);
      return ok({ data, next: found.length > limit ? data.at(-1)?.spec.id : undefined });
    });
  }

  async replay(call: AdminCall, id: string): Promise<Answer<HeldReplay>> {
    return this.delivery.turn.act(call, () => {
      const found = this.#replays().find(id);
      return found === undefined ? err(NO_REPLAY) : ok(found);
    });
  }

  async noteReplayAct(
    call: AdminCall,
    id: string,
    act: ReplayAct,
  ): Promise<Answer<{ id: ReplayId }>> {
    const { turn } = this.delivery;
    return turn.act(call, (by) => {
      const found = this.#replays().find(id);
      if (found === undefined) return err(NO_REPLAY);
      turn.note(by, `replay.${act}`, found.spec.id);
      return ok({ id: found.spec.id });
    });
  }

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

  #replays(): ReplaysTable {
    return new ReplaysTable(this.ctx.storage.sql);
  }
}

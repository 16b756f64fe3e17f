import { newChildId, type SourceId } from "../src/core/ids.ts";
import { err, ok } from "../src/core/result.ts";
import type { LeavingPort, SourceLeaving } from "../src/workspace/leaving-ports.ts";
import { GRACE_MS, newLeaving, type Leaving } from "../src/workspace/leaving.ts";
import type { AdminCall, Answer } from "../src/workspace/ports.ts";
import type { SourceView } from "../src/workspace/source-view.ts";
import { nextVersion, restoreSource } from "../src/workspace/source.ts";
import type { WorkspaceLeaving } from "./workspace-leaving.ts";
import type { WorkspaceSources } from "./workspace-sources.ts";
import { WorkspaceSyncWebhook } from "./workspace-sync-webhook.ts";
import type { Acting } from "./workspace-turn.ts";

/** What these calls act on, besides what those about users do. */
export type DepartureParts = {
  readonly leaving: WorkspaceLeaving;
  readonly sources: WorkspaceSources;
};

/** The calls of a Workspace about what is to be deleted: one of its sources, or all of it. */
export abstract class WorkspaceDeparture extends WorkspaceSyncWebhook implements LeavingPort {
  protected abstract readonly departure: DepartureParts;

  async removeSource(call: AdminCall, id: string): Promise<Answer<SourceLeaving>> {
    const { turn } = this.delivery;
    const { sources } = this.departure;
    const removed = turn.act(call, (by) => {
      const source = sources.remove(by, id);
      if (!source.ok) return source;
      const leaving = turn.leavings.find(source.value.id);
      if (leaving === undefined) throw new Error("Cannot show the deletion: it was not written");
      return ok({ source: sources.view(source.value), leaving });
    });
    if (removed.ok) await this.delivery.announce(removed.value.source.id);
    return removed;
  }

  async restoreSource(call: AdminCall, id: string): Promise<Answer<SourceView>> {
    const { turn } = this.delivery;
    const { sources } = this.departure;
    const restored = turn.act(call, (by) => {
      const undone = this.#undo(id);
      if (!undone.ok) return undone;
      const source = turn.tables.source(id);
      if (source === undefined) return err({ kind: "not-found", what: "source" });
      const back = restoreSource(source, by.nowMs);
      turn.tables.save(back);
      turn.note(by, "source.restore", source.id);
      return ok(sources.view(back));
    });
    if (restored.ok) await this.delivery.announce(restored.value.id);
    return restored;
  }

  async sourceLeaving(call: AdminCall, id: string): Promise<Answer<Leaving>> {
    return this.#shown(call, id);
  }

  async removeWorkspace(call: AdminCall): Promise<Answer<Leaving>> {
    const { turn } = this.delivery;
    const removed = turn.act(call, (by) => {
      const held = turn.leavings.find(turn.id);
      if (held !== undefined) return ok(held);
      const at = { nowMs: by.nowMs, deletesAtMs: by.nowMs + GRACE_MS };
      const leaving = newLeaving(newChildId("job", turn.id, turn.random), turn.id, at);
      turn.leavings.add(leaving);
      turn.note(by, "workspace.delete", turn.id);
      this.#renewSources(by);
      return ok(leaving);
    });
    if (removed.ok) await this.#announceAll();
    return removed;
  }

  async restoreWorkspace(call: AdminCall): Promise<Answer<Leaving>> {
    const { turn } = this.delivery;
    const restored = turn.act(call, (by) => {
      const undone = this.#undo(turn.id);
      if (!undone.ok) return undone;
      turn.note(by, "workspace.restore", turn.id);
      this.#renewSources(by);
      return undone;
    });
    if (restored.ok) await this.#announceAll();
    return restored;
  }

  async workspaceLeaving(call: AdminCall): Promise<Answer<Leaving>> {
    return this.#shown(call, this.delivery.turn.id);
  }

  /** Whether objects of that source are emptied, so that none of them may begin anew. */
  async isGone(sourceId: SourceId): Promise<boolean> {
    return this.departure.leaving.isGone(sourceId);
  }

  /** Called by the directory, which has forgotten the workspace; true once nothing is left here. */
  async depart(): Promise<boolean> {
    return this.departure.leaving.depart();
  }

  #shown(call: AdminCall, subject: string): Answer<Leaving> {
    const { turn } = this.delivery;
    return turn.act(call, () => {
      const leaving = turn.leavings.find(subject);
      return leaving === undefined ? err({ kind: "not-leaving" }) : ok(leaving);
    });
  }

  /** Takes a deletion back, as long as nothing is deleted. */
  #undo(subject: string): Answer<Leaving> {
    const { turn } = this.delivery;
    const leaving = turn.leavings.find(subject);
    if (leaving === undefined) return err({ kind: "not-leaving" });
    if (leaving.state !== "grace") return err({ kind: "leaving-begun" });
    turn.leavings.remove(leaving.subject);
    return ok(leaving);
  }

  /** What they are served by changes with the workspace, so that whoever holds it has to learn anew. */
  #renewSources({ nowMs }: Acting): void {
    const { tables } = this.delivery.turn;
    for (const source of tables.sources()) tables.save(nextVersion(source, nowMs));
  }

  /** What is not reached now learns of it within the 5 s of its lease. */
  async #announceAll(): Promise<void> {
    await this.privacy.arm();
    for (const { id } of this.delivery.turn.tables.sources()) {
      this.ctx.waitUntil(this.delivery.announce(id).catch(() => undefined));
    }
  }
}

import { DurableObject } from "cloudflare:workers";

import { inTime } from "../src/core/in-time.ts";
import { workspaceOf, type SourceId } from "../src/core/ids.ts";
import { emptyObject } from "./emptying.ts";
import type { Env, Reach } from "./reach.ts";
import { migrate, type Migration } from "./storage/migrate.ts";

/** Between an object's first start and its question; its work has gone first. */
const ASK_AFTER_MS = 500;

/** Until the workspace has to have said whether an object may begin. */
const ASK_MS_MAX = 5_000;

/** An object that belongs to one source, and is emptied for good when that is deleted. */
export abstract class SourceObject extends DurableObject<Env> {
  /** Ends its work and removes all that it holds. Nothing of it begins again: see {@link begin}. */
  async leave(): Promise<void> {
    await emptyObject(this.ctx);
  }

  /**
   * Brings the storage up to date, and keeps an emptied object empty: one that begins for the first
   * time asks its workspace beside its work whether its source was deleted, and if so is emptied
   * again. So a late alarm or a late call makes nothing anew for longer than that takes; what it is
   * told meanwhile is judged by the workspace's config, which is gone.
   */
  protected begin(
    migrations: readonly Migration[],
    { sourceId, reach }: { readonly sourceId: SourceId; readonly reach: Pick<Reach, "workspace"> },
  ): void {
    if (!migrate(this.ctx.storage, migrations)) return;
    const isGone = () => reach.workspace(workspaceOf(sourceId)).isGone(sourceId);
    setTimeout(() => this.ctx.waitUntil(this.#emptyWhen(isGone)), ASK_AFTER_MS);
  }

  async #emptyWhen(isGone: () => Promise<boolean>): Promise<void> {
    // When nobody answers it stays: it holds nothing, and is asked about by whoever comes next.
    const gone = await inTime(isGone(), ASK_MS_MAX).catch(() => false);
    if (gone) await emptyObject(this.ctx);
  }
}

import { newChildId } from "../src/core/ids.ts";
import { err, ok } from "../src/core/result.ts";
import {
  createSync,
  patchSync,
  SYNCS_MAX,
  type SyncDraft,
  type SyncPatch,
} from "../src/sync/draft.ts";
import type { Connection } from "../src/sync/connection/connection.ts";
import type {
  ConnectionConfig,
  Place,
  PlacePage,
  SyncConfig,
  SyncPort,
} from "../src/sync/ports.ts";
import type { SyncRun } from "../src/sync/run/run.ts";
import type { ConnectionId, Sync, SyncId } from "../src/sync/sync.ts";
import type { Destination } from "../src/workspace/destination.ts";
import type { AdminCall, Answer, Page, PageOf } from "../src/workspace/ports.ts";
import type { SyncAct, SyncEnd, SyncsPort } from "../src/workspace/sync-ports.ts";
import { reach } from "./reach.ts";
import { WorkspaceConnecting } from "./workspace-connecting.ts";

const NO_SYNC = { kind: "not-found", what: "sync" } as const;

/** The calls of a Workspace about its syncs; a base of the object, because calls are methods. */
export abstract class WorkspaceSyncing extends WorkspaceConnecting implements SyncsPort {
  async syncs(call: AdminCall, { after, limit }: Page): Promise<Answer<PageOf<Sync>>> {
    return this.delivery.turn.act(call, () => {
      const found = this.delivery.turn.syncs.list(after, limit + 1);
      const data = found.slice(0, limit);
      return ok({ data, next: found.length > limit ? data.at(-1)?.id : undefined });
    });
  }

  async sync(call: AdminCall, id: string): Promise<Answer<Sync>> {
    return this.delivery.turn.act(call, () => this.#find(id));
  }

  async addSync(call: AdminCall, draft: SyncDraft, isOnlyChecked: boolean): Promise<Answer<Sync>> {
    const { turn } = this.delivery;
    const { idempotency: _once, ...first } = call;
    const drafted = turn.act(isOnlyChecked ? call : first, () => this.#drafted(draft));
    if (!drafted.ok) return drafted;
    const config = this.#configOf(drafted.value);
    const problems =
      config === undefined
        ? [
            {
              path: "",
              message: "This workspace lacks a connection or destination that the sync names.",
            },
          ]
        : await this.#object(drafted.value.id).check(config);
    if (problems.length > 0) return err({ kind: "sync-invalid", problems });
    if (isOnlyChecked) return drafted;
    const added = turn.act(call, (by) => {
      // Another may have been made while the source was looked at.
      const sync = { ...drafted.value, number: this.delivery.turn.syncs.nextNumber() };
      this.delivery.turn.syncs.save(sync);
      turn.note(by, "sync.create", sync.id);
      return ok(sync);
    });
    if (added.ok) await this.#object(added.value.id).changed();
    return added;
  }

  async changeSync(call: AdminCall, id: string, patch: SyncPatch): Promise<Answer<Sync>> {
    const { turn } = this.delivery;
    const changed = turn.act(call, (by) => {
      const held = this.#find(id);
      if (!held.ok) return held;
      const next = patchSync(held.value, patch, by.nowMs);
      if (!next.ok) return err({ kind: "sync-invalid", problems: next.error });
      this.delivery.turn.syncs.save(next.value);
      turn.note(by, "sync.update", next.value.id, Object.keys(patch));
      return ok(next.value);
    });
    if (changed.ok) await this.#object(changed.value.id).changed();
    return changed;
  }

  async removeSync(call: AdminCall, id: string): Promise<Answer<Sync>> {
    const { turn } = this.delivery;
    const removed = turn.act(call, (by) => {
      const held = this.#find(id);
      if (!held.ok) return held;
      const follower = this.delivery.turn.syncs
        .list()
        .find(({ schedule }) => schedule.kind === "after" && schedule.syncId === held.value.id);
      if (follower !== undefined) return err({ kind: "sync-in-use", by: follower.id });
      const sync = { ...held.value, isPaused: true, deletedAtMs: by.nowMs, updatedAtMs: by.nowMs };
      this.delivery.turn.syncs.save(sync);
      // Nothing is wrong with what is not there.
      turn.alerts.clearAll(sync.id);
      turn.note(by, "sync.delete", sync.id);
      return ok(sync);
    });
    if (removed.ok) await this.#object(removed.value.id).changed();
    return removed;
  }

  async syncsByNumber(call: AdminCall, place: Place): Promise<Answer<PlacePage<Sync>>> {
    const { turn } = this.delivery;
    return turn.act(call, () => ok(turn.syncs.place(place)));
  }

  async syncEnds(call: AdminCall): Promise<Answer<readonly SyncEnd[]>> {
    const { turn } = this.delivery;
    return turn.act(call, () =>
      ok([
        ...turn.connections.numbered().map(([number, held]) => endOf(number, held, held.kind)),
        ...turn.destinations.numbered().map(([number, held]) => endOf(number, held, held.slug)),
      ]),
    );
  }

  async noteSyncAct(call: AdminCall, id: string, act: SyncAct): Promise<Answer<Sync>> {
    const { turn } = this.delivery;
    return turn.act(call, (by) => {
      const found = this.#find(id);
      if (found.ok) turn.note(by, act, found.value.id);
      return found;
    });
  }

  async syncConfig(syncId: SyncId): Promise<SyncConfig | undefined> {
    const { turn } = this.delivery;
    if (!turn.isCreated || turn.isClosing) return undefined;
    const sync = turn.syncs.find(syncId);
    return sync === undefined || sync.deletedAtMs !== undefined ? undefined : this.#configOf(sync);
  }

  async syncConnection(id: ConnectionId): Promise<ConnectionConfig | undefined> {
    return this.delivery.turn.isCreated ? this.connectionConfig(id) : undefined;
  }

  async isSyncDeleted(syncId: SyncId): Promise<boolean> {
    const { turn } = this.delivery;
    if (turn.isClosing) return true;
    return turn.isCreated && turn.syncs.find(syncId)?.deletedAtMs !== undefined;
  }

  async isSyncThere(syncId: SyncId): Promise<boolean> {
    const { turn } = this.delivery;
    const sync = turn.isCreated ? turn.syncs.find(syncId) : undefined;
    return sync !== undefined && sync.deletedAtMs === undefined;
  }

  async suppressedIds(
    subjectType: "USER_ID" | "ANONYMOUS_ID",
    ids: readonly string[],
  ): Promise<readonly boolean[]> {
    const { turn } = this.delivery;
    if (!turn.isCreated) return ids.map(() => false);
    return ids.map((id) =>
      turn.regulations
        .suppressionsOf(subjectType, id)
        .some(({ sourceId }) => sourceId === undefined),
    );
  }

  async syncRunEnded(syncId: SyncId, run: SyncRun): Promise<void> {
    const { turn } = this.delivery;
    const isOver = !turn.isCreated || turn.isClosing;
    if (isOver || run.state !== "completed" || run.kind !== "sync") return;
    const followers = turn.syncs
      .list()
      .filter(({ schedule }) => schedule.kind === "after" && schedule.syncId === syncId);
    const failures: unknown[] = [];
    for (const follower of followers) {
      if (follower.isPaused) continue;
      const triggered = this.#object(follower.id).trigger({
        kind: "sync",
        trigger: { kind: "after", detail: run.id, scheduledForMs: undefined },
        isFull: false,
        allowDeletes: false,
        allowMassChange: false,
        // It is told again when a follower after it did not answer.
        repeat: { keyHash: run.id, requestHash: run.id },
      });
      await triggered.catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
  }

  #drafted(draft: SyncDraft): Answer<Sync> {
    const { turn } = this.delivery;
    if (this.delivery.turn.syncs.nextNumber() > SYNCS_MAX) {
      return err({ kind: "limit-reached", what: "syncs", max: SYNCS_MAX });
    }
    const id = newChildId("syn", turn.id, turn.random);
    const number = this.delivery.turn.syncs.nextNumber();
    const created = createSync(draft, { id, number, nowMs: Date.now() });
    return created.ok ? created : err({ kind: "sync-invalid", problems: created.error });
  }

  /** A sync with what it reads from and writes to; `undefined` when one of them is not there. */
  #configOf(sync: Sync): SyncConfig | undefined {
    const source = this.connectionConfig(sync.source.connectionId);
    const destination = this.#destinationOf(sync);
    const unload = sync.unload === undefined ? undefined : this.connectionConfig(sync.unload);
    const isWhole = (sync.unload === undefined) === (unload === undefined);
    if (source === undefined || destination === undefined || !isWhole) return undefined;
    return { sync, source, destination, unload };
  }

  #destinationOf({ destination }: Sync): SyncConfig["destination"] | undefined {
    if ("connectionId" in destination) {
      const connection = this.connectionConfig(destination.connectionId);
      return connection === undefined ? undefined : { kind: "connection", connection };
    }
    const config = this.delivery.destinations.laneConfig(destination.destinationId);
    if (config === undefined || config.state === "deleted") return undefined;
    return { kind: "destination", config };
  }

  #find(id: string): Answer<Sync> {
    const { turn } = this.delivery;
    // One that was emptied is not asked how it stands, which would make it anew.
    const found = turn.isClosing ? undefined : turn.syncs.find(id);
    return found === undefined || found.deletedAtMs !== undefined ? err(NO_SYNC) : ok(found);
  }

  #object(id: SyncId): SyncPort {
    return reach(this.env, this.delivery.turn.config).sync(id);
  }
}

function endOf(
  number: number,
  held: Pick<Connection | Destination, "id" | "name" | "createdAtMs" | "updatedAtMs"> & {
    readonly deletedAtMs?: number | undefined;
  },
  type: string,
): SyncEnd {
  const { id, name, createdAtMs, updatedAtMs, deletedAtMs } = held;
  const isDeleted = deletedAtMs !== undefined;
  return { id, number, name, type, isDeleted, createdAtMs, updatedAtMs };
}

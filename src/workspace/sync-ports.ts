import type { SyncWebhook } from "../sync/alerts/notice.ts";
import type { SyncDraft, SyncPatch, SyncProblem } from "../sync/draft.ts";
import type { DestinationId } from "../core/ids.ts";
import type { Place, PlacePage } from "../sync/ports.ts";
import type { ConnectionId, Sync, SyncId } from "../sync/sync.ts";
import type { AlertTest } from "./alert-ports.ts";
import type { AdminCall, Answer, Page, PageOf } from "./ports.ts";

/** What the management API asks of a workspace about its syncs. */
export interface SyncsPort {
  syncs(call: AdminCall, page: Page): Promise<Answer<PageOf<Sync>>>;
  /** A sync by its id or its number. */
  sync(call: AdminCall, id: string): Promise<Answer<Sync>>;
  /** Makes a sync; its object looked at source and destination before. */
  addSync(call: AdminCall, draft: SyncDraft, isOnlyChecked: boolean): Promise<Answer<Sync>>;
  changeSync(call: AdminCall, id: string, patch: SyncPatch): Promise<Answer<Sync>>;
  removeSync(call: AdminCall, id: string): Promise<Answer<Sync>>;
  /** A page of the syncs by its place among all of them, by their numbers. */
  syncsByNumber(call: AdminCall, place: Place): Promise<Answer<PlacePage<Sync>>>;
  /** What syncs read from and write to, deleted ones included, with the numbers that Census's clients know. */
  syncEnds(call: AdminCall): Promise<Answer<readonly SyncEnd[]>>;
  /** Records in the audit chain what is about to be done with a sync, and says which it is. */
  noteSyncAct(call: AdminCall, id: string, act: SyncAct): Promise<Answer<Sync>>;
}

/** A connection or a destination of a workspace, with its number among those of its kind. */
export type SyncEnd = {
  readonly id: ConnectionId | DestinationId;
  readonly number: number;
  readonly name: string;
  /** e.g. `postgres`, or the destination's name in the catalogue. */
  readonly type: string;
  readonly isDeleted: boolean;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
};

/** A webhook of syncs as it is asked for; without a secret the one that is held stays. */
export type SyncWebhookDraft = SyncWebhook & { readonly secret?: string };

/** A webhook of syncs, and how many notices wait because it did not take one. */
export type SyncWebhookView = SyncWebhook & { readonly waiting: number };

/** What the management API asks of a workspace about telling of its syncs. */
export interface SyncWebhookPort {
  syncWebhook(call: AdminCall): Promise<Answer<SyncWebhookView | undefined>>;
  /** `undefined` takes it away, with what waits to be told there. */
  setSyncWebhook(
    call: AdminCall,
    draft: SyncWebhookDraft | undefined,
  ): Promise<Answer<SyncWebhookView | undefined>>;
  testSyncWebhook(call: AdminCall): Promise<Answer<AlertTest>>;
}

export type SyncAct = "sync.trigger" | "sync.cancel" | "sync.read";

export type SyncRefusal =
  | { readonly kind: "sync-invalid"; readonly problems: readonly SyncProblem[] }
  | { readonly kind: "sync-in-use"; readonly by: SyncId };

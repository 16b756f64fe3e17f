import type { SyncDraft, SyncPatch, SyncProblem } from "../sync/draft.ts";
import type { Sync, SyncId } from "../sync/sync.ts";
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
  /** Records in the audit chain what is about to be done with a sync, and says which it is. */
  noteSyncAct(call: AdminCall, id: string, act: SyncAct): Promise<Answer<Sync>>;
}

export type SyncAct = "sync.trigger" | "sync.cancel" | "sync.read";

export type SyncRefusal =
  | { readonly kind: "sync-invalid"; readonly problems: readonly SyncProblem[] }
  | { readonly kind: "sync-in-use"; readonly by: SyncId };

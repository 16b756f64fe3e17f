import { ok } from "../src/core/result.ts";
import type { SyncNotice } from "../src/sync/alerts/notice.ts";
import type { SyncId } from "../src/sync/sync.ts";
import type { AlertTest } from "../src/workspace/alert-ports.ts";
import type { AdminCall, Answer } from "../src/workspace/ports.ts";
import type { SyncWebhookDraft, SyncWebhookPort } from "../src/workspace/sync-ports.ts";
import { WorkspaceAlerts } from "./workspace-alerts.ts";
import { placeOfSyncSecret } from "./workspace-sync-notices.ts";
import type { Acting } from "./workspace-turn.ts";
import { secretOfDraft } from "./workspace-webhooks.ts";

/** The calls of a Workspace about telling of its syncs, and what their objects tell it. */
export abstract class WorkspaceSyncWebhook extends WorkspaceAlerts implements SyncWebhookPort {
  async syncWebhook(call: AdminCall) {
    return this.delivery.turn.act(call, () => ok(this.#view()));
  }

  async setSyncWebhook(call: AdminCall, draft: SyncWebhookDraft | undefined) {
    return this.delivery.turn.act(call, (by) => this.#set(by, draft));
  }

  async testSyncWebhook(call: AdminCall): Promise<Answer<AlertTest>> {
    const { turn } = this.delivery;
    const admitted = turn.act(call, (by) => {
      turn.note(by, "sync-webhook.test", turn.id);
      return ok(undefined);
    });
    if (!admitted.ok) return admitted;
    const tested = await this.notices.syncs.test();
    // Whom that contacted has to be told to the evidence.
    await this.privacy.arm();
    return ok(tested);
  }

  async takeSyncNotices(syncId: SyncId, notices: readonly SyncNotice[]): Promise<void> {
    const { turn } = this.delivery;
    if (!turn.isCreated) return;
    const sync = turn.syncs.find(syncId);
    if (sync === undefined) return;
    this.notices.syncs.take(sync, notices);
    // The alarm sends them, so that no sync waits for a webhook.
    await this.privacy.arm();
  }

  #set(by: Acting, draft: SyncWebhookDraft | undefined) {
    const { turn } = this.delivery;
    if (draft === undefined) {
      turn.syncNotices.dropWebhook();
      turn.note(by, "sync-webhook.update", turn.id, ["removed"]);
      return ok(this.#view());
    }
    const place = placeOfSyncSecret(turn.id);
    const sealed = secretOfDraft(turn, draft, { place, held: turn.syncNotices.secret() });
    if (!sealed.ok) return sealed;
    const { secret: _secret, ...webhook } = draft;
    turn.syncNotices.saveWebhook(webhook, sealed.value, by.nowMs);
    turn.note(by, "sync-webhook.update", turn.id, Object.keys(draft));
    return ok(this.#view());
  }

  #view() {
    const { syncNotices } = this.delivery.turn;
    const webhook = syncNotices.webhook();
    return webhook === undefined
      ? undefined
      : { ...webhook, waiting: syncNotices.notices.waiting() };
  }
}

import type { SourceId } from "../src/core/ids.ts";
import { ok } from "../src/core/result.ts";
import { formatName } from "../src/region/object-names.ts";
import type { AlertTest, AlertsPort, AlertWebhookDraft } from "../src/workspace/alert-ports.ts";
import { silenceAlert, type Alert, type RaisedAlert } from "../src/workspace/alerts.ts";
import type { AdminCall, Answer } from "../src/workspace/ports.ts";
import type { QueueRef } from "../src/workspace/source-config.ts";
import { placeOfAlertSecret, WorkspaceNotices } from "./workspace-notices.ts";
import { WorkspaceSyncing } from "./workspace-syncing.ts";
import type { Acting } from "./workspace-turn.ts";
import { secretOfDraft } from "./workspace-webhooks.ts";

/** The calls of a Workspace about telling of what is wrong, and what objects tell it of that. */
export abstract class WorkspaceAlerts extends WorkspaceSyncing implements AlertsPort {
  protected readonly notices = new WorkspaceNotices(() => ({
    turn: this.delivery.turn,
    observer: this.delivery.observer,
    open: (nowMs) => this.openAlerts(nowMs),
  }));

  async alertWebhook(call: AdminCall) {
    return this.delivery.turn.act(call, () => ok(this.#view()));
  }

  async setAlertWebhook(call: AdminCall, draft: AlertWebhookDraft | undefined) {
    const answer = this.delivery.turn.act(call, (by) => this.#set(by, draft));
    if (answer.ok && draft !== undefined) await this.tellAlerts();
    return answer;
  }

  async testAlertWebhook(call: AdminCall): Promise<Answer<AlertTest>> {
    const admitted = this.delivery.turn.act(call, (by) => {
      this.delivery.turn.note(by, "alert-webhook.test", this.delivery.turn.id);
      return ok(undefined);
    });
    if (!admitted.ok) return admitted;
    const tested = await this.notices.test();
    // Whom that contacted has to be told to the evidence.
    await this.privacy.arm();
    return ok(tested);
  }

  async raiseAlert(
    code: RaisedAlert,
    raiser: string,
    subject: string,
    sinceMs: number,
  ): Promise<void> {
    const { turn } = this.delivery;
    if (turn.isCreated) turn.alerts.raise(code, raiser, subject, sinceMs);
  }

  async clearAlert(code: RaisedAlert, raiser: string): Promise<void> {
    const { turn } = this.delivery;
    if (turn.isCreated) turn.alerts.clear(code, raiser);
  }

  async queueFilled(sourceId: SourceId, queue: QueueRef): Promise<void> {
    const { turn } = this.delivery;
    if (!turn.isCreated) return;
    turn.tables.learnQueue(sourceId, queue);
    turn.tables.queueHolds(sourceId, queue, true, Date.now());
  }

  async queueDrained(sourceId: SourceId, queue: QueueRef): Promise<void> {
    const { turn } = this.delivery;
    if (!turn.isCreated) return;
    turn.tables.queueHolds(sourceId, queue, false, Date.now());
    // It is not looked at any more, and nothing is wrong with what is empty.
    turn.alerts.clearAll(formatName({ kind: "queue", sourceId, ...queue }));
  }

  /** Looks for what began or ended and tells of it; with the alarm behind what is not taken. */
  protected async tellAlerts(): Promise<void> {
    this.notices.look(Date.now());
    await this.notices.run();
    await this.privacy.arm();
  }

  protected override openAlerts(nowMs: number): readonly Alert[] {
    const { turn } = this.delivery;
    const silent = turn.alerts.emptySources().flatMap(({ sourceId, sinceMs }) => {
      const isOn = turn.tables.source(sourceId)?.enabled === true;
      return (isOn ? silenceAlert(sourceId, sinceMs, nowMs) : undefined) ?? [];
    });
    return [...super.openAlerts(nowMs), ...turn.alerts.raised(), ...silent];
  }

  #set(by: Acting, draft: AlertWebhookDraft | undefined) {
    const { turn } = this.delivery;
    if (draft === undefined) {
      turn.alerts.dropWebhook();
      turn.note(by, "alert-webhook.update", turn.id, ["removed"]);
      return ok(this.#view());
    }
    const place = placeOfAlertSecret(turn.id);
    const sealed = secretOfDraft(turn, draft, { place, held: turn.alerts.secret() });
    if (!sealed.ok) return sealed;
    const { secret: _secret, ...webhook } = draft;
    turn.alerts.saveWebhook(webhook, sealed.value, by.nowMs);
    // Whoever hears of alerts from now on hears of those that are open.
    turn.alerts.forget();
    turn.note(by, "alert-webhook.update", turn.id, Object.keys(draft));
    return ok(this.#view());
  }

  #view() {
    const { alerts } = this.delivery.turn;
    const webhook = alerts.webhook();
    return webhook === undefined ? undefined : { ...webhook, waiting: alerts.notices.waiting() };
  }
}

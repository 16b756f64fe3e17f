import { newChildId } from "../src/core/ids.ts";
import type { Deliverer } from "../src/deliver/deliverer.ts";
import type { SyncAlert } from "../src/sync/alerts/alert.ts";
import { syncNoticeBody, type SyncNotice } from "../src/sync/alerts/notice.ts";
import { numberOfRun } from "../src/sync/run-number.ts";
import type { Sync, SyncId } from "../src/sync/sync.ts";
import type { AlertTest } from "../src/workspace/alert-ports.ts";
import type { RaisedAlert } from "../src/workspace/alerts.ts";
import { NoticeSender } from "./notice-sender.ts";
import type { NoticesDeps } from "./workspace-notices.ts";
import { openWebhook, testWebhook } from "./workspace-webhooks.ts";

/** What evidence says of these requests. */
const PURPOSE = "sync:webhook";

/** Notices of one run of the sender: each sync that runs makes four or so. */
const NOTICES_MAX = 100;

/** The workspace's own alert of each alert of a sync; that a run started or ended is none. */
const RAISED_BY: Readonly<Record<SyncAlert["type"], RaisedAlert | undefined>> = {
  failure: "sync_failed",
  invalid_records: "sync_invalid_records",
  full_sync: "sync_full",
  record_count_deviation: "sync_count_deviation",
  runtime: "sync_slow",
  status: undefined,
};

/** What the secret that signs notices of syncs is bound to. */
export function placeOfSyncSecret(workspaceId: string): string {
  return JSON.stringify([workspaceId, "sync-webhook"]);
}

/** Tells a workspace's webhook of what happens to its syncs, and the workspace of their alerts. */
export class SyncNotices {
  readonly sender: NoticeSender;
  readonly #deps: () => NoticesDeps;

  constructor(deps: () => NoticesDeps) {
    this.#deps = deps;
    this.sender = new NoticeSender({
      queue: () => (deps().turn.isCreated ? deps().turn.syncNotices.notices : undefined),
      deliverer: () => this.#deliverer(),
      notices: NOTICES_MAX,
    });
  }

  /** Notes what has to be told. Durable once it returned. */
  take(sync: Pick<Sync, "id" | "number" | "deletedAtMs">, notices: readonly SyncNotice[]): void {
    const { turn } = this.#deps();
    const webhook = turn.syncNotices.webhook();
    turn.transaction(() => {
      for (const notice of notices) {
        // Nobody would take back what is wrong with a sync that is not there.
        const isGone = sync.deletedAtMs !== undefined && notice.alert?.kind === "raised";
        if (!isGone) this.#turnAlert(sync.id, notice);
        const isWanted = webhook?.events?.includes(notice.event) ?? webhook !== undefined;
        const isTold = notice.alert?.isTold ?? true;
        if (!isWanted || !isTold) continue;
        const body = syncNoticeBody(notice, sync, turn.id, numberOfRun);
        turn.syncNotices.add(notice.id, JSON.stringify(body), Date.now());
      }
    });
  }

  /** Sends one notice that says it is a test, past those that wait. */
  async test(): Promise<AlertTest> {
    const { turn } = this.#deps();
    const id = newChildId("ntc", turn.id, turn.random);
    const at = new Date().toISOString();
    const body = { id, event: "test", workspace_id: turn.id, at };
    return testWebhook(this.#deliverer(), id, body);
  }

  #turnAlert(syncId: SyncId, { alert }: SyncNotice): void {
    if (alert === undefined) return;
    const code = RAISED_BY[alert.type];
    if (code === undefined) return;
    const { alerts } = this.#deps().turn;
    if (alert.kind === "raised") alerts.raise(code, syncId, syncId, alert.sinceMs);
    else alerts.clear(code, syncId);
  }

  #deliverer(): Deliverer | undefined {
    const { turn, observer } = this.#deps();
    return openWebhook({
      turn,
      observer: observer(),
      webhook: turn.syncNotices.webhook(),
      sealed: turn.syncNotices.secret(),
      place: placeOfSyncSecret(turn.id),
      purpose: PURPOSE,
      isBodySigned: true,
    });
  }
}

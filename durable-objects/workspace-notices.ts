import { newChildId } from "../src/core/ids.ts";
import type { Deliverer } from "../src/deliver/deliverer.ts";
import type { EgressObserver } from "../src/egress/guard.ts";
import { isWanted, noticeBody, weighAlerts } from "../src/workspace/alert-notices.ts";
import type { AlertTest } from "../src/workspace/alert-ports.ts";
import type { Alert } from "../src/workspace/alerts.ts";
import { NoticeSender } from "./notice-sender.ts";
import { SyncNotices } from "./workspace-sync-notices.ts";
import type { WorkspaceTurn } from "./workspace-turn.ts";
import { openWebhook, testWebhook } from "./workspace-webhooks.ts";

export type NoticesDeps = {
  readonly turn: WorkspaceTurn;
  readonly observer: () => EgressObserver;
  /** What is wrong now. */
  readonly open: (nowMs: number) => readonly Alert[];
};

/** What evidence says of these requests. */
const PURPOSE = "alert:webhook";

/** Notices of one run; more wait for the next, so that it stays short. */
const NOTICES_MAX = 20;

/** What the secret that signs notices is bound to. */
export function placeOfAlertSecret(workspaceId: string): string {
  return JSON.stringify([workspaceId, "alert-webhook"]);
}

/**
 * Tells a workspace's webhook of alerts: once when one begins and once when it is over, in the order
 * in which that was seen, each under an id that stays the same until it was taken. What has to be told
 * is written down before it is sent, and struck out after, so a kill repeats one notice at most.
 */
export class WorkspaceNotices {
  readonly #deps: () => NoticesDeps;
  readonly #sender: NoticeSender;
  /** What happens to syncs, which another webhook is told. */
  readonly syncs: SyncNotices;

  constructor(deps: () => NoticesDeps) {
    this.#deps = deps;
    this.syncs = new SyncNotices(deps);
    this.#sender = new NoticeSender({
      queue: () => (deps().turn.isCreated ? deps().turn.alerts.notices : undefined),
      deliverer: () => this.#deliverer(),
      notices: NOTICES_MAX,
    });
  }

  /** In how many milliseconds a notice is due; `undefined` when none waits. */
  delayMs(nowMs: number): number | undefined {
    const delays = [this.#sender.delayMs(nowMs), this.syncs.sender.delayMs(nowMs)];
    const due = delays.filter((delay) => delay !== undefined);
    return due.length === 0 ? undefined : Math.min(...due);
  }

  /** Looks for what began or ended, and notes what has to be told of it. */
  look(nowMs: number): void {
    const { turn, open } = this.#deps();
    if (!turn.isCreated) return;
    const webhook = turn.alerts.webhook();
    if (webhook === undefined) return;
    const alerts = open(nowMs).filter(({ code }) => isWanted(webhook, code));
    turn.transaction(() => {
      const before = turn.alerts.held();
      const { held, notices } = weighAlerts(alerts, before, nowMs);
      turn.alerts.hold(before, held);
      for (const notice of notices) {
        const about = this.#about(nowMs);
        turn.alerts.notices.add(about.id, JSON.stringify(noticeBody(notice, about)), nowMs);
      }
    });
  }

  /** Sends what is due. Never throws: what was not taken is tried again by the alarm. */
  async run(): Promise<void> {
    await Promise.all([this.#sender.run(), this.syncs.sender.run()]);
  }

  /** Sends one notice that says it is a test, past those that wait. */
  async test(): Promise<AlertTest> {
    const about = this.#about(Date.now());
    return testWebhook(this.#deliverer(), about.id, noticeBody({ state: "test" }, about));
  }

  #deliverer(): Deliverer | undefined {
    const { turn, observer } = this.#deps();
    return openWebhook({
      turn,
      observer: observer(),
      webhook: turn.alerts.webhook(),
      sealed: turn.alerts.secret(),
      place: placeOfAlertSecret(turn.id),
      purpose: PURPOSE,
    });
  }

  #about(nowMs: number) {
    const { turn } = this.#deps();
    const id = newChildId("ntc", turn.id, turn.random);
    return { id, workspaceId: turn.id, region: turn.home, nowMs };
  }
}

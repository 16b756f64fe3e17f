import { newChildId } from "../src/core/ids.ts";
import { readStored } from "../src/core/stored-json.ts";
import type { Deliverer } from "../src/deliver/deliverer.ts";
import { callDestination } from "../src/deliver/lane/call.ts";
import { nextAttempt } from "../src/deliver/lane/retry.ts";
import { signedWebhook } from "../src/deliver/webhook.ts";
import type { EgressObserver } from "../src/egress/guard.ts";
import { isWanted, noticeBody, NOTICE_RULE, weighAlerts } from "../src/workspace/alert-notices.ts";
import type { AlertTest } from "../src/workspace/alert-ports.ts";
import type { Alert } from "../src/workspace/alerts.ts";
import type { WaitingNotice } from "./storage/alerts-table.ts";
import { openOfWorkspace } from "./workspace-secrets.ts";
import type { WorkspaceTurn } from "./workspace-turn.ts";

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
  #running: Promise<void> | undefined;

  constructor(deps: () => NoticesDeps) {
    this.#deps = deps;
  }

  /** In how many milliseconds a notice is due; `undefined` when none waits. */
  delayMs(nowMs: number): number | undefined {
    const { turn } = this.#deps();
    const next = turn.isCreated ? turn.alerts.nextNotice() : undefined;
    return next === undefined ? undefined : Math.max(0, next.dueAtMs - nowMs);
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
        turn.alerts.addNotice(about.id, JSON.stringify(noticeBody(notice, about)), nowMs);
      }
    });
  }

  /** Sends what is due. Never throws: what was not taken is tried again by the alarm. */
  async run(): Promise<void> {
    this.#running ??= this.#send().finally(() => {
      this.#running = undefined;
    });
    await this.#running;
  }

  /** Sends one notice that says it is a test, past those that wait. */
  async test(): Promise<AlertTest> {
    const deliverer = this.#deliverer();
    if (deliverer === undefined) return { state: "not-ready", code: undefined };
    const about = this.#about(Date.now());
    const outcome = await deliver(deliverer, about.id, noticeBody({ state: "test" }, about));
    return outcome.kind === "delivered"
      ? { state: "delivered", code: String(outcome.status) }
      : { state: outcome.kind === "retry" ? "retry" : "rejected", code: outcome.code };
  }

  async #send(): Promise<void> {
    const { turn } = this.#deps();
    if (!turn.isCreated) return;
    for (let sent = 0; sent < NOTICES_MAX; sent++) {
      const notice = turn.alerts.nextNotice();
      if (notice === undefined || notice.dueAtMs > Date.now()) return;
      const deliverer = this.#deliverer();
      const body = readStored<Readonly<Record<string, unknown>>>(notice.body);
      const outcome =
        deliverer === undefined
          ? ({ kind: "rejected" } as const)
          : await deliver(deliverer, notice.id, body);
      if (outcome.kind === "delivered") turn.alerts.dropNotice(notice.id);
      else return this.#postpone(notice, "retryAfterMs" in outcome ? outcome : {});
    }
  }

  /** A refusal is tried again as well: somebody may put the webhook right. */
  #postpone(
    { id, attempts, madeAtMs }: WaitingNotice,
    { retryAfterMs }: { readonly retryAfterMs?: number },
  ): void {
    const { alerts } = this.#deps().turn;
    const failed = {
      attempts: attempts + 1,
      firstAttemptAtMs: madeAtMs,
      nowMs: Date.now(),
      retryAfterMs,
      stoppedBeforeMs: 0,
      stoppedMs: 0,
    };
    const next = nextAttempt(failed, NOTICE_RULE, Math.random());
    if (next.kind === "over") alerts.dropNotice(id);
    else alerts.postpone(id, attempts + 1, next.atMs);
  }

  /** `undefined` when there is none, or when it cannot be made from what is held. */
  #deliverer(): Deliverer | undefined {
    const { turn, observer } = this.#deps();
    const webhook = turn.alerts.webhook();
    const sealed = turn.alerts.secret();
    if (webhook === undefined || sealed === undefined) return undefined;
    try {
      const secret = openOfWorkspace(turn, placeOfAlertSecret(turn.id), sealed);
      const ground = {
        region: turn.home,
        settings: { url: webhook.url, secret },
        declaredHosts: webhook.hosts,
        development: turn.config.environment === "development",
        observe: observer(),
      };
      return signedWebhook(ground, PURPOSE, () => Date.now());
    } catch {
      return undefined;
    }
  }

  #about(nowMs: number) {
    const { turn } = this.#deps();
    const id = newChildId("ntc", turn.id, turn.random);
    return { id, workspaceId: turn.id, region: turn.home, nowMs };
  }
}

async function deliver(deliverer: Deliverer, id: string, event: Readonly<Record<string, unknown>>) {
  const [outcome] = await callDestination(deliverer, [{ event, idempotencyKey: id }]);
  return outcome ?? ({ kind: "rejected", code: "INTERNAL" } as const);
}

import { readStored } from "../src/core/stored-json.ts";
import type { Deliverer } from "../src/deliver/deliverer.ts";
import { callDestination } from "../src/deliver/lane/call.ts";
import { nextAttempt } from "../src/deliver/lane/retry.ts";
import { NOTICE_RULE } from "../src/workspace/alert-notices.ts";
import type { NoticesTable, WaitingNotice } from "./storage/notices-table.ts";

/** Where notices wait, in the order in which they are sent. */
export type NoticeQueue = Pick<NoticesTable, "nextNotice" | "dropNotice" | "postpone">;

export type NoticeSenderDeps = {
  /** `undefined` while there is nothing to keep notices in. */
  readonly queue: () => NoticeQueue | undefined;
  /** `undefined` when there is no webhook, or none can be made from what is held. */
  readonly deliverer: () => Deliverer | undefined;
  /** Notices of one run; more wait for the next, so that it stays short. */
  readonly notices: number;
};

/**
 * Sends notices one after another, each under an id that stays the same until it was taken. One is
 * struck out after it was sent, so a kill repeats one at most.
 */
export class NoticeSender {
  readonly #deps: NoticeSenderDeps;
  #running: Promise<void> | undefined;

  constructor(deps: NoticeSenderDeps) {
    this.#deps = deps;
  }

  /** In how many milliseconds a notice is due; `undefined` when none waits. */
  delayMs(nowMs: number): number | undefined {
    const next = this.#deps.queue()?.nextNotice();
    return next === undefined ? undefined : Math.max(0, next.dueAtMs - nowMs);
  }

  /** Sends what is due. Never throws: what was not taken is tried again by the alarm. */
  async run(): Promise<void> {
    this.#running ??= this.#send().finally(() => {
      this.#running = undefined;
    });
    await this.#running;
  }

  async #send(): Promise<void> {
    for (let sent = 0; sent < this.#deps.notices; sent++) {
      const queue = this.#deps.queue();
      const notice = queue?.nextNotice();
      if (queue === undefined || notice === undefined || notice.dueAtMs > Date.now()) return;
      const deliverer = this.#deps.deliverer();
      const body = readStored<Readonly<Record<string, unknown>>>(notice.body);
      const outcome =
        deliverer === undefined
          ? ({ kind: "rejected" } as const)
          : await deliverNotice(deliverer, notice.id, body);
      if (outcome.kind !== "delivered") {
        return postpone(queue, notice, "retryAfterMs" in outcome ? outcome : {});
      }
      queue.dropNotice(notice.id);
    }
  }
}

/** Sends one notice. */
export async function deliverNotice(
  deliverer: Deliverer,
  id: string,
  event: Readonly<Record<string, unknown>>,
) {
  const [outcome] = await callDestination(deliverer, [{ event, idempotencyKey: id }]);
  return outcome ?? ({ kind: "rejected", code: "INTERNAL" } as const);
}

/** A refusal is tried again as well: somebody may put the webhook right. */
function postpone(
  queue: NoticeQueue,
  { id, attempts, madeAtMs }: WaitingNotice,
  { retryAfterMs }: { readonly retryAfterMs?: number },
): void {
  const failed = {
    attempts: attempts + 1,
    firstAttemptAtMs: madeAtMs,
    nowMs: Date.now(),
    retryAfterMs,
    stoppedBeforeMs: 0,
    stoppedMs: 0,
  };
  const next = nextAttempt(failed, NOTICE_RULE, Math.random());
  if (next.kind === "over") queue.dropNotice(id);
  else queue.postpone(id, attempts + 1, next.atMs);
}

import { setTimeout as pause } from "node:timers/promises";

export type SteadyLoadOptions = {
  /** The Worker's base URL. */
  readonly url: string;
  readonly writeKey: string;
  readonly eventsPerSecond: number;
};

/** How often a batch is made. */
const TICK_MS = 50;
const BATCH_EVENTS_MAX = 500;
/** Requests under way at once; what is made beyond waits, as in an SDK. */
const REQUESTS_MAX = 16;
const RETRY_MS = 200;
const USERS = 500;

/**
 * Makes events at a steady rate, and sends each batch again until it is answered 200, as SDKs do. What
 * was made while the server was away comes late, and none is left out.
 */
export class SteadyLoad {
  readonly sent: string[] = [];
  readonly acknowledged = new Set<string>();
  readonly #options: SteadyLoadOptions;
  readonly #name = `steady-${crypto.randomUUID()}`;
  readonly #waiting: (readonly string[])[] = [];
  #senders: Promise<void> | undefined;
  #isStopped = false;

  constructor(options: SteadyLoadOptions) {
    this.#options = options;
  }

  start(): void {
    const maker = this.#make();
    const senders = Array.from({ length: REQUESTS_MAX }, () => this.#send());
    this.#senders = Promise.all([maker, ...senders]).then(() => undefined);
  }

  /** Makes no more, and resolves once all that was made is acknowledged. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#senders;
  }

  async #make(): Promise<void> {
    const startedAt = performance.now();
    for (;;) {
      await pause(TICK_MS);
      // Asked after the pause: what is made now must still find somebody to send it.
      if (this.#isStopped) return;
      const seconds = (performance.now() - startedAt) / 1000;
      const due = Math.floor(seconds * this.#options.eventsPerSecond) - this.sent.length;
      for (let left = due; left > 0; left -= BATCH_EVENTS_MAX) {
        const count = Math.min(left, BATCH_EVENTS_MAX);
        const first = this.sent.length;
        const ids = Array.from({ length: count }, (_, n) => `${this.#name}-${first + n}`);
        this.sent.push(...ids);
        this.#waiting.push(ids);
      }
    }
  }

  async #send(): Promise<void> {
    for (;;) {
      const ids = this.#waiting.shift();
      if (ids === undefined) {
        if (this.#isStopped) return;
        await pause(TICK_MS);
        continue;
      }
      while (!(await this.#post(ids))) await pause(RETRY_MS);
      for (const id of ids) this.acknowledged.add(id);
    }
  }

  async #post(ids: readonly string[]): Promise<boolean> {
    const { url, writeKey } = this.#options;
    const batch = ids.map((messageId, n) => ({
      type: "track",
      event: "Steady",
      userId: `user-${n % USERS}`,
      messageId,
    }));
    try {
      const body = JSON.stringify({ writeKey, batch });
      const answer = await fetch(`${url}/v1/batch`, { method: "POST", body });
      await answer.arrayBuffer();
      return answer.status === 200;
    } catch {
      return false;
    }
  }
}

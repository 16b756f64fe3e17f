import { setTimeout as pause } from "node:timers/promises";

import type { Fault } from "../../scripts/local-aws/faults.ts";
import type { Stack } from "../../scripts/stack/start-stack.ts";
import type { Homeport, TestSource } from "./homeport.ts";

/** What a client knows after all rounds: what it sent, and what it was told is safe. */
export type Ledger = { readonly sent: Set<string>; readonly acknowledged: Set<string> };

export type CrashPlan = {
  readonly rounds: number;
  /** How long a round's load runs before the kill, at random up to this. */
  readonly loadMsMax: number;
  readonly clients: number;
  readonly random: () => number;
};

/** What S3 does in a round; most often nothing special. */
const FAULTS: readonly (Fault | undefined)[] = [
  undefined,
  { when: "before", effect: { kind: "delay", ms: 300 }, operation: "PutObject", times: 2 },
  { when: "after", effect: { kind: "delay", ms: 400 }, operation: "PutObject", times: 2 },
  { when: "after", effect: { kind: "drop" }, operation: "PutObject", times: 1 },
  { when: "before", effect: { kind: "drop" }, operation: "PutObject", times: 1 },
  {
    when: "before",
    effect: { kind: "answer", status: 503, code: "SlowDown" },
    operation: "PutObject",
    times: 2,
  },
];

const BATCH_EVENTS_MAX = 20;

/**
 * Sends events from several clients, kills workerd at a random moment, starts it again, and lets
 * the clients send again what they were not told is safe: as SDKs do.
 */
export async function runCrashRounds(
  homeport: Homeport,
  source: TestSource,
  plan: CrashPlan,
): Promise<Ledger> {
  const { stack } = homeport;
  const ledger: Ledger = { sent: new Set(), acknowledged: new Set() };
  const clients = Array.from(
    { length: plan.clients },
    (_, n) => new Client(stack, source, n, ledger),
  );
  for (let round = 0; round < plan.rounds; round++) {
    const fault = FAULTS[Math.floor(plan.random() * FAULTS.length)];
    if (fault !== undefined) await stack.aws.fault(fault);
    const loads = clients.map((client) => client.load(plan.random));
    await pause(50 + plan.random() * plan.loadMsMax);
    await stack.kill();
    for (const client of clients) client.stop();
    await Promise.all(loads);
    await stack.aws.clearFaults();
    await stack.restart();
  }
  await Promise.all(clients.map((client) => client.sendRest()));
  return ledger;
}

class Client {
  readonly #stack: Stack;
  readonly #source: TestSource;
  readonly #name: string;
  readonly #ledger: Ledger;
  #unanswered: string[] = [];
  #next = 0;
  #isStopped = false;

  constructor(stack: Stack, source: TestSource, number: number, ledger: Ledger) {
    this.#stack = stack;
    this.#source = source;
    this.#name = `c${number}`;
    this.#ledger = ledger;
  }

  stop(): void {
    this.#isStopped = true;
  }

  /** Sends batches until it is stopped or the server is gone. */
  async load(random: () => number): Promise<void> {
    this.#isStopped = false;
    while (!this.#isStopped) {
      if (this.#unanswered.length === 0) {
        const count = 1 + Math.floor(random() * BATCH_EVENTS_MAX);
        this.#unanswered = Array.from({ length: count }, () => `${this.#name}-${this.#next++}`);
      }
      if (!(await this.#send())) return;
    }
  }

  /** Sends what is left until it is answered. */
  async sendRest(): Promise<void> {
    while (this.#unanswered.length > 0) {
      if (!(await this.#send())) await pause(100);
    }
  }

  async #send(): Promise<boolean> {
    const ids = this.#unanswered;
    for (const id of ids) this.#ledger.sent.add(id);
    const batch = ids.map((messageId) => ({
      type: "track",
      event: "Crash",
      userId: `user-${messageId.length}`,
      messageId,
    }));
    try {
      const answer = await fetch(`${this.#stack.url}/v1/batch`, {
        method: "POST",
        body: JSON.stringify({ writeKey: this.#source.writeKey, batch }),
      });
      await answer.arrayBuffer();
      if (answer.status !== 200) return false;
      for (const id of ids) this.#ledger.acknowledged.add(id);
      this.#unanswered = [];
      return true;
    } catch {
      return false;
    }
  }
}

/** A generator that a seed repeats exactly (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

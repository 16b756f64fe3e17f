import { DELIVERY_LANE_MIGRATIONS } from "../../../durable-objects/storage/delivery-lane.schema.ts";
import type { Deliverer, Delivery, DeliveryOutcome } from "../../../src/deliver/deliverer.ts";
import { DeliveryCounts } from "../../../src/deliver/lane/counts.ts";
import type { Decision } from "../../../src/deliver/lane/deliver-block.ts";
import { newEntry } from "../../../src/deliver/lane/entry.ts";
import { idempotencyKey } from "../../../src/deliver/lane/idempotency.ts";
import { LaneStorage } from "../../../src/deliver/lane/lane-storage.ts";
import { Pace } from "../../../src/deliver/lane/pace.ts";
import { RETRY_RULE, type RetryRule } from "../../../src/deliver/lane/retry.ts";
import {
  LaneRunner,
  PACE_STATE,
  type BlockSize,
  type LogPeek,
} from "../../../src/deliver/lane/run-lane.ts";
import { NodeStorage, SimulatedCrash } from "../node-storage.ts";
import { seeded } from "../crash-rounds.ts";

/** One event that a call carried. */
export type Attempt = {
  readonly messageId: string;
  readonly user: string;
  readonly key: string;
  readonly atMs: number;
  readonly outcome: DeliveryOutcome["kind"];
  readonly retryAfterMs: number | undefined;
};

type Event = Readonly<Record<string, unknown>>;

export type LaneWorldOptions = {
  readonly batch?: { readonly events: number; readonly bytes: number };
  readonly rule?: Partial<RetryRule>;
  readonly seed?: number;
  /** What the destination does with an event at an instant. */
  readonly answer?: (event: Event, nowMs: number) => DeliveryOutcome;
  /** What it does with all events of a call alike, in the place of `answer`. */
  readonly answerAll?: (events: readonly Event[], nowMs: number) => DeliveryOutcome;
  readonly decide?: (event: Readonly<Record<string, unknown>>) => Decision;
  /** Whether a run has lasted long enough; it never has when absent. */
  readonly isOver?: () => boolean;
};

const LANE = {
  sourceId: "src_eu_0123456789abcdefghjkmnpqrs",
  destinationId: "dst_eu_0123456789abcdefghjkmnpqrs",
} as const;

/** A lane with its storage, a log and a destination, all in memory, on a clock that tests move. */
export class LaneWorld {
  readonly attempts: Attempt[] = [];
  nowMs = Date.UTC(2026, 10, 22);
  calls = 0;
  /** How often the lane came to the end of its log. */
  ends = 0;
  readonly #options: LaneWorldOptions;
  readonly #node = new NodeStorage();
  readonly #log: string[] = [];
  readonly #random: () => number;
  #storage: LaneStorage;
  #counts: DeliveryCounts;
  #runner: LaneRunner;

  constructor(options: LaneWorldOptions) {
    this.#options = options;
    this.#random = seeded(options.seed ?? 1);
    // The newline makes it run as several statements.
    for (const { sql } of DELIVERY_LANE_MIGRATIONS) this.#node.sql.exec(`${sql}\n`);
    this.#storage = this.#open();
    this.#counts = new DeliveryCounts([]);
    this.#runner = this.#start();
  }

  get storage(): LaneStorage {
    return this.#storage;
  }

  /** Appends events to the log; `user` and the number in the log make the messageId. */
  append(users: readonly string[]): void {
    for (const user of users) {
      const messageId = `${user}-${this.#log.length + 1}`;
      this.#log.push(JSON.stringify({ type: "track", messageId, userId: user }));
    }
  }

  /** The messageIds of the whole log. */
  get all(): readonly string[] {
    return this.#log.map((line) => (JSON.parse(line) as { messageId: string }).messageId);
  }

  /** Ids of events that the destination took. */
  get delivered(): readonly string[] {
    return this.attempts
      .filter(({ outcome }) => outcome === "delivered")
      .map(({ messageId }) => messageId);
  }

  /** Ids of the dead letters, with their codes. */
  get dead(): readonly { readonly messageId: string; readonly code: string }[] {
    return this.#node.sql
      .exec("SELECT code, entries FROM dead")
      .toArray()
      .flatMap((row) => {
        const lines = new TextDecoder().decode(row["entries"] as ArrayBuffer).split("\n");
        return lines
          .filter((_, i) => i % 2 === 1)
          .map((line) => ({
            code: row["code"] as string,
            messageId: (JSON.parse(line) as { messageId: string }).messageId,
          }));
      });
  }

  counted(step: string): number {
    return this.#counts
      .all()
      .filter((count) => count.step === step)
      .reduce((sum, { count }) => sum + count, 0);
  }

  /** Runs until nothing is due at this instant; when there is something again. */
  async run(): Promise<number | undefined> {
    const { againAtMs } = await this.#runner.run();
    return againAtMs;
  }

  /** Lets time pass, running whenever the lane wants to, at most until `untilMs`. */
  async runUntil(untilMs: number): Promise<void> {
    for (;;) {
      const again = await this.run();
      if (again === undefined || again > untilMs) break;
      this.nowMs = Math.max(again, this.nowMs + 1);
    }
    this.nowMs = Math.max(this.nowMs, untilMs);
  }

  /** Runs until a statement of storage fails, then begins anew from what storage holds. */
  async crashAfter(statements: number): Promise<void> {
    this.#node.failAfter(statements);
    try {
      await this.run();
    } catch (error) {
      if (!(error instanceof SimulatedCrash)) throw error;
    } finally {
      this.#node.failAfter(undefined);
    }
    this.restart();
  }

  restart(): void {
    this.#storage = this.#open();
    this.#runner = this.#start();
  }

  #open(): LaneStorage {
    return new LaneStorage(this.#node as unknown as ConstructorParameters<typeof LaneStorage>[0]);
  }

  #start(): LaneRunner {
    const { rule, decide = (event) => ({ kind: "deliver", event }) } = this.#options;
    const random = this.#random;
    const destination = {
      deliverer: this.#deliverer(),
      decide,
      rule: { ...RETRY_RULE, ...rule },
    };
    return new LaneRunner({
      storage: this.#storage,
      counts: this.#counts,
      pace: new Pace(random, this.#storage.state(PACE_STATE)),
      log: {
        peek: (max) => Promise.resolve(this.#peek(max)),
        advance: () => undefined,
      },
      ready: () => Promise.resolve({ kind: "ready", destination }),
      keyOf: (event, seq) => idempotencyKey(LANE, event, seq),
      now: () => this.nowMs,
      random,
      isOver: this.#options.isOver ?? (() => false),
      caughtUp: () => void this.ends++,
      noteFailure: () => undefined,
    });
  }

  #peek(max: BlockSize): LogPeek {
    const { position } = this.#storage;
    const lines = this.#log.slice(position, position + max.events);
    if (lines.length === 0) return { kind: "none" };
    const entries = lines.map((line, i) => newEntry(position + i + 1, line));
    const lastSeq = position + lines.length;
    return { kind: "events", entries, lastSeq, isEnd: lastSeq === this.#log.length };
  }

  #deliverer(): Deliverer {
    const { batch = { events: 1, bytes: 100_000 }, answer, answerAll } = this.#options;
    return {
      batch,
      deliver: async (events) => {
        this.calls += 1;
        const all = answerAll?.(
          events.map(({ event }) => event),
          this.nowMs,
        );
        return events.map((delivery) => {
          const outcome = all ?? answer?.(delivery.event, this.nowMs);
          if (outcome === undefined) throw new Error("Cannot answer: the test gave no answer");
          this.#note(delivery, outcome);
          return outcome;
        });
      },
    };
  }

  #note({ event, idempotencyKey: key }: Delivery, outcome: DeliveryOutcome): void {
    this.attempts.push({
      messageId: String(event["messageId"]),
      user: String(event["userId"]),
      key,
      atMs: this.nowMs,
      outcome: outcome.kind,
      retryAfterMs: outcome.kind === "retry" ? outcome.retryAfterMs : undefined,
    });
  }
}

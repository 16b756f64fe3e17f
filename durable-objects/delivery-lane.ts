import { parseConfig } from "../src/config.ts";
import { workspaceOf, type DestinationId, type SourceId } from "../src/core/ids.ts";
import { callDestination } from "../src/deliver/lane/call.ts";
import { idempotencyKey } from "../src/deliver/lane/idempotency.ts";
import type {
  DeadLetterFile,
  DeadLetterQuery,
  DestinationForgetting,
  DestinationTest,
  EventTrace,
  FailureSample,
  FoundDeadLetter,
  LaneForgetting,
  LanePort,
  LaneStatus,
  LaneSubjects,
  TraceQuery,
} from "../src/deliver/lane/ports.ts";
import type { CredentialTest, Destinations } from "../src/deliver/destinations.ts";
import { maskSecrets, type Exchange } from "../src/egress/exchange.ts";
import { formatName } from "../src/region/object-names.ts";
import { standing } from "../src/region/placement.ts";
import { forgetAtDestination } from "./lane-forgetting-outside.ts";
import { EvidenceKeeper } from "./evidence-keeper.ts";
import { traceEvent } from "./lane-trace.ts";
import { LaneWork } from "./lane-work.ts";
import { DESTINATIONS } from "./offered-destinations.ts";
import { SourceObject } from "./source-object.ts";
import { reach, type Env } from "./reach.ts";
import { guardOf } from "./storage/deletion-number.ts";
import { DELIVERY_LANE_MIGRATIONS } from "./storage/delivery-lane.schema.ts";

/** Why credentials were not tested, where the destination itself does not say. */
const NOBODY_ASKED: CredentialTest = {
  kind: "skipped",
  reason: "The event was kept back, so nobody was asked.",
};
const NO_TEST: CredentialTest = {
  kind: "skipped",
  reason: "This destination has no test of its own: the event that was sent is the test.",
};

/**
 * One destination's way through one queue: it reads the queue's log from its own position, delivers,
 * tries again, and keeps what cannot be delivered. A destination that is slow or dead delays only
 * itself.
 *
 * State: tables `state`, `waiting`, `dead`, `dead_files`, `counts`, `evidence`. Alarm: the earliest of
 * the next attempt, a file of dead letters, counts and evidence to tell; while it works, the moment to
 * begin again should it die.
 */
export class DeliveryLane extends SourceObject implements LanePort {
  readonly #ref: { readonly destinationId: DestinationId; readonly sourceId: SourceId };
  readonly #evidence: EvidenceKeeper;
  readonly #work: LaneWork;
  readonly #suspectMs: number;

  constructor(ctx: DurableObjectState, env: Env, destinations: Destinations = DESTINATIONS) {
    super(ctx, env);
    const config = parseConfig(env as unknown as Record<string, unknown>);
    const self = standing(ctx.id, config.jurisdictions);
    const { name } = self;
    if (name.kind !== "lane") throw new Error("outside_jurisdiction: This object is no lane");
    const ways = reach(env, config);
    this.#suspectMs = config.failover.suspectMs;
    const { kind: _kind, ...ref } = name;
    this.begin(DELIVERY_LANE_MIGRATIONS, { reach: ways, sourceId: ref.sourceId });
    this.#ref = ref;
    this.#evidence = new EvidenceKeeper({
      storage: ctx.storage,
      standing: self,
      push: (report) => ways.workspace(workspaceOf(ref.destinationId)).takeEvidence(report),
      now: () => Date.now(),
    });
    const evidence = this.#evidence;
    const guard = guardOf(ctx.storage.sql, (number) =>
      ways.workspace(workspaceOf(ref.sourceId)).wasSetBack(formatName(name), number),
    );
    this.#work = new LaneWork({ ctx, config, reach: ways, ref, destinations, guard, evidence });
  }

  async wake(): Promise<void> {
    this.#work.wake();
  }

  async status(): Promise<LaneStatus> {
    return this.#work.status();
  }

  async sendTest(event: Readonly<Record<string, unknown>>): Promise<DestinationTest> {
    const { destination } = this.#work;
    destination.expire();
    const config = await destination.config();
    if (config === undefined || config.state === "deleted") {
      return { kind: "not-ready", why: "The destination is not there any more." };
    }
    const decision = await destination.decideNow(config, event);
    if (decision === undefined) {
      return { kind: "not-ready", why: "It is not known now whose events may be sent." };
    }
    if (decision.kind === "filtered") {
      return { kind: "sent", outcome: decision, exchanges: [], credentials: NOBODY_ASKED };
    }
    const exchanges: Exchange[] = [];
    const observe = {
      ...this.#evidence.observer,
      exchange: (exchange: Exchange): void => void exchanges.push(exchange),
    };
    const made = await destination.makeWatched(config, observe);
    if (made === undefined) {
      return { kind: "not-ready", why: "Its settings do not make a destination." };
    }
    const key = idempotencyKey(this.#ref, event, 0);
    const deliveries = [{ event: decision.event, idempotencyKey: key }];
    const credentials = await made.credentials();
    const [outcome] = await callDestination(made.deliverer, deliveries);
    await made.deliverer.close?.();
    return {
      kind: "sent",
      credentials: credentials ?? NO_TEST,
      outcome: outcome ?? { kind: "rejected", code: "INTERNAL" },
      exchanges: exchanges.map((exchange) => maskSecrets(exchange, [...made.secrets])),
    };
  }

  async sample(): Promise<FailureSample | undefined> {
    if (await this.#work.destination.isSetBack()) return undefined;
    return this.#work.sample();
  }

  async locate(query: TraceQuery): Promise<EventTrace> {
    return traceEvent(query, this.#work.traced);
  }

  async deadLetters(): Promise<readonly DeadLetterFile[]> {
    return this.#work.deadLetters.list();
  }

  async searchDeadLetters(query: DeadLetterQuery): Promise<readonly FoundDeadLetter[]> {
    if (await this.#work.destination.isSetBack()) return [];
    return this.#work.deadLetters.search(query);
  }

  async redrive(code?: string): Promise<number> {
    const events = this.#work.deadLetters.redrive(code);
    this.#work.wake();
    return events;
  }

  async suppress(version: number): Promise<boolean> {
    return this.#work.suppress(version);
  }

  async forget({ type, ids, deletion, isAgain }: LaneSubjects): Promise<LaneForgetting> {
    if (isAgain !== true && (await this.#work.destination.isSetBack())) {
      throw new Error("Cannot forget: the lane was set back; the deletions since come first");
    }
    return this.#work.forget({ type, ids: new Set(ids) }, deletion);
  }

  async forgetAtDestination(
    subjects: LaneSubjects,
    next: number,
    position?: string,
  ): Promise<DestinationForgetting> {
    const { destination } = this.#work;
    const observe = this.#evidence.observer;
    const deps = { destination, observe, lateMs: this.#suspectMs };
    return forgetAtDestination(subjects, { next, position }, deps);
  }

  override async alarm(): Promise<void> {
    this.#work.rang();
    await this.#work.run();
  }
}

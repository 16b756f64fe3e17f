import { INGEST_QUEUE_MIGRATIONS } from "../../durable-objects/storage/ingest-queue.schema.ts";
import type { Append, AppendAnswer } from "../../src/ingest/append.ts";
import { admit, type AdmitDeps } from "../../src/ingest/queue/admit.ts";
import { Committer } from "../../src/ingest/queue/committer.ts";
import { Counters } from "../../src/ingest/queue/counters.ts";
import { Gather } from "../../src/ingest/queue/gather.ts";
import { askPredecessors } from "../../src/ingest/queue/predecessors.ts";
import { QueueStorage } from "../../src/ingest/queue/queue-storage.ts";
import { splitAppend } from "../../src/ingest/split-append.ts";
import { ConfigLease } from "../../src/workspace/config-lease.ts";
import { changeRoute, openRoute, type RouteChange } from "../../src/workspace/route.ts";
import type { QueueRef, Route, SourceConfig } from "../../src/workspace/source-config.ts";
import { appendOf, messageIdsIn } from "./appends.ts";
import { NodeStorage } from "./node-storage.ts";
import { routeOf, sourceConfigOf } from "./source-configs.ts";

const NOW_MS = Date.UTC(2026, 10, 22, 12);
const WINDOW_MS = 24 * 3_600_000;
const MOVES_MAX = 3;

/** Lets a call take as long as the test wants, on its way there and back. */
export type Delay = <T>(what: string, call: () => Promise<T>) => Promise<T>;

/** Thrown to whoever waits for a queue that is killed. */
class Gone extends Error {}

/** A source of which a test changes the route, kills queues and sends events, all at the same time. */
export class RouteModel {
  readonly acknowledged = new Set<string>();
  readonly #delay: Delay;
  readonly #queues = new Map<string, ModelQueue>();
  readonly #known = new Map<string, { readonly ref: QueueRef; fencedEpoch: number }>();
  #route: Route = routeOf({ ingestRegion: "us1" });
  #version = 1;

  constructor(delay: Delay) {
    this.#delay = delay;
  }

  /** The route as a Worker has it that asks now. */
  get route(): Route {
    return this.#route;
  }

  /** Sends one event by a route that may be old, as the Worker does. */
  async send(messageId: string, route: Route): Promise<void> {
    let by = route;
    for (let moves = 0; moves <= MOVES_MAX; moves++) {
      const append = appendOf([messageId], { epoch: by.n });
      const [shard = 0] = splitAppend(append, by.shards).keys();
      const ref = { ingestRegion: by.ingestRegion, shard };
      const answer = await this.#delay(`append ${messageId} ${by.n}`, () =>
        this.#queue(ref).append(append),
      ).catch(() => undefined);
      if (answer?.kind === "accepted") this.acknowledged.add(messageId);
      if (answer?.kind !== "moved") return;
      by = answer.route;
    }
  }

  /** Begins the next epoch, and opens it as soon as every queue has its fence. */
  async change(change: RouteChange): Promise<void> {
    const changed = changeRoute(this.#route, change, NOW_MS, WINDOW_MS);
    if (!changed.ok || changed.value === this.#route) return;
    this.#take(changed.value);
    await this.fence();
  }

  /** Asks the queues that have not confirmed; what fails is asked again by the next call. */
  async fence(): Promise<void> {
    const { n, state } = this.#route;
    if (state === "open") return;
    const config = this.#config();
    const unfenced = [...this.#known.values()].filter((known) => known.fencedEpoch < n);
    await Promise.all(
      unfenced.map(async (known) => {
        const fenced = this.#delay(`fence ${n}`, () => this.#queue(known.ref).fence(config));
        await fenced.then(
          () => (known.fencedEpoch = Math.max(known.fencedEpoch, n)),
          () => undefined,
        );
      }),
    );
    const isFenced = [...this.#known.values()].every((known) => known.fencedEpoch >= n);
    if (!isFenced || this.#route.n !== n || this.#route.state === "open") return;
    this.#take(openRoute(this.#route, NOW_MS));
    const open = this.#config();
    const pushes = [...this.#known.values()].map(({ ref }) =>
      this.#delay("push", async () => this.#queue(ref).lease.push(open)).catch(() => undefined),
    );
    await Promise.all(pushes);
  }

  /** Kills the n-th queue there is: what it had answered nobody is lost, its disk stays. */
  kill(n: number): void {
    const queues = [...this.#queues.values()];
    queues[n % Math.max(1, queues.length)]?.restart();
  }

  /** Every messageId in every log. */
  stored(): string[] {
    return [...this.#queues.values()].flatMap((queue) => queue.stored());
  }

  #take(route: Route): void {
    this.#route = route;
    this.#version += 1;
  }

  #config(): SourceConfig {
    return sourceConfigOf({ version: this.#version, route: this.#route });
  }

  #queue(ref: QueueRef): ModelQueue {
    const name = `${ref.ingestRegion}:${ref.shard}`;
    const queue =
      this.#queues.get(name) ??
      new ModelQueue(
        ref,
        () =>
          this.#delay("config", async () => {
            if (!this.#known.has(name)) this.#known.set(name, { ref, fencedEpoch: 0 });
            return this.#config();
          }),
        (refs, prints) =>
          askPredecessors(
            refs.map((asked) => ({
              known: () =>
                this.#delay("known", async () => this.#queue(asked).storage.known(prints)),
            })),
            prints,
          ),
      );
    this.#queues.set(name, queue);
    return queue;
  }
}

/** One queue over a disk that survives its restarts. */
class ModelQueue {
  readonly #disk = new NodeStorage();
  readonly #ref: QueueRef;
  readonly #ask: () => Promise<SourceConfig>;
  readonly #known: AdmitDeps["ask"];
  #life = 0;
  #gather: Gather;
  lease: ConfigLease;
  storage: QueueStorage;

  constructor(ref: QueueRef, ask: () => Promise<SourceConfig>, known: AdmitDeps["ask"]) {
    this.#ref = ref;
    this.#ask = ask;
    this.#known = known;
    this.#disk.sql.exec(`${INGEST_QUEUE_MIGRATIONS[0].sql}\n`);
    [this.storage, this.lease, this.#gather] = this.#start();
  }

  async append(append: Append): Promise<AppendAnswer> {
    const life = this.#life;
    const answer = await admit(append, {
      self: this.#ref,
      windowMs: WINDOW_MS,
      lease: this.lease,
      gather: this.#gather,
      ask: this.#known,
      now: () => NOW_MS,
    });
    if (life !== this.#life) throw new Gone();
    return answer;
  }

  async fence(config: SourceConfig): Promise<void> {
    this.storage.fence(config.route.n);
    this.lease.push(config);
    await this.#gather.settled();
  }

  restart(): void {
    this.#life += 1;
    [this.storage, this.lease, this.#gather] = this.#start();
  }

  stored(): string[] {
    return this.storage.log.read(1, 10_000_000).flatMap(({ lines }) => messageIdsIn(lines));
  }

  #start(): [QueueStorage, ConfigLease, Gather] {
    const life = this.#life;
    const port = Object.assign(this.#disk, {
      sql: Object.assign(this.#disk.sql, { databaseSize: 0 }),
    });
    const storage = new QueueStorage(port, WINDOW_MS, NOW_MS);
    const lease = new ConfigLease(this.#ask, () => NOW_MS);
    const committer = new Committer({
      log: storage.log,
      seen: storage.seen,
      counters: new Counters(this.#disk.sql),
      self: this.#ref,
      suppressed: () => undefined,
      countEdge: () => undefined,
      transaction: (work) => this.#disk.transactionSync(work),
      config: () => lease.current,
      fencedBelow: () => storage.fencedBelow,
      isFull: () => false,
      now: () => NOW_MS,
    });
    const gather = new Gather({
      commit: (entries) => {
        // What a killed process still had in hand never reaches the disk.
        if (life !== this.#life) throw new Gone();
        return committer.commit(entries);
      },
      linger: () => Promise.resolve(),
      sync: () => Promise.resolve(),
    });
    return [storage, lease, gather];
  }
}

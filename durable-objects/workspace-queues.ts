import type { SourceId } from "../src/core/ids.ts";
import { openRoute } from "../src/workspace/route.ts";
import { nextVersion, type Source } from "../src/workspace/source.ts";
import type { QueueRef } from "../src/workspace/source-config.ts";
import type { QueuePort } from "../src/services.ts";
import { QueueWatch } from "./queue-watch.ts";
import type { Reach } from "./reach.ts";
import type { WorkspaceTurn } from "./workspace-turn.ts";

/** How long a change waits for a queue to take it; the queues' 5 s lease covers the rest. */
const PUSH_MS_MAX = 2000;

/** Queues poked at a time: a Durable Object may wait for six connections at once. */
const POKES_AT_A_TIME = 6;

const MINUTE_MS = 60_000;
const MINUTES_OF_HOUR = 60;
const DAY_MS = 86_400_000;

/** What a Workspace tells the queues of its sources. */
export class WorkspaceQueues {
  readonly #turn: WorkspaceTurn;
  readonly #reach: Reach;
  readonly #watch: QueueWatch;

  constructor(turn: WorkspaceTurn, reach: Reach) {
    this.#turn = turn;
    this.#reach = reach;
    this.#watch = new QueueWatch(turn);
  }

  /**
   * Hands the newest config to every queue known, best effort. Of a source that is being fenced,
   * fences first: it opens within this call when every queue answers.
   */
  async announce(id: SourceId): Promise<void> {
    const source = this.#turn.tables.source(id);
    if (source === undefined) return;
    if (source.route.state === "fencing") return this.fence(id);
    const config = this.#config(source);
    await Promise.all(
      this.#turn.tables
        .queues(id)
        .map((queue) => succeeds(this.#reach.queue(id, queue).push(config))),
    );
  }

  /**
   * Has every known queue of the source commit its fence, and opens the epoch once all have. What
   * cannot be reached now is asked again by the alarm; until then the source takes no events.
   */
  async fence(id: SourceId): Promise<void> {
    const source = this.#turn.tables.source(id);
    if (source === undefined || source.route.state !== "fencing") return;
    const epoch = source.route.n;
    const config = this.#config(source);
    await Promise.all(
      this.#turn.tables.queuesUnfenced(id, epoch).map(async (queue) => {
        const isFenced = await succeeds(this.#reach.queue(id, queue).fence(config));
        if (isFenced) this.#turn.tables.queueFenced(id, queue, epoch);
      }),
    );
    if (this.#open(id, epoch)) await this.announce(id);
  }

  /** Continues every fencing that waits. */
  async fenceAll(): Promise<void> {
    for (const source of this.#turn.tables.sourcesFencing()) await this.fence(source.id);
  }

  /** Pokes the queues that hold events, a few at a time, and the archives and syncs whose turn it is. */
  async pokeHolding(): Promise<void> {
    const { tables, leavings } = this.#turn;
    const gone = new Set<string>(leavings.erasing());
    const waiting = tables.queuesHolding().filter(({ sourceId }) => !gone.has(sourceId));
    while (waiting.length > 0) {
      const some = waiting.splice(0, POKES_AT_A_TIME);
      await Promise.all(
        some.map(async ({ sourceId, queue }) => {
          const port = this.#reach.queue(sourceId, queue);
          if (await succeeds(port.poke())) await succeeds(this.#look(sourceId, queue, port));
        }),
      );
    }
    await this.#pokeArchives(Date.now(), gone);
    await this.#pokeSyncs(Date.now());
  }

  async #look(sourceId: SourceId, queue: QueueRef, port: QueuePort): Promise<void> {
    this.#watch.look(sourceId, queue, await port.status(), Date.now());
  }

  /** Pokes the archives of those sources whose minute of the hour it is. */
  async #pokeArchives(nowMs: number, gone: ReadonlySet<string>): Promise<void> {
    const minute = Math.floor(nowMs / MINUTE_MS) % MINUTES_OF_HOUR;
    const ids = this.#turn.tables.sourceIds().filter((id) => !gone.has(id));
    const due = ids.filter((_id, i) => i % MINUTES_OF_HOUR === minute);
    await Promise.all(due.map((id) => succeeds(this.#reach.archive(id).poke())));
  }

  /**
   * Has those syncs look at their schedule whose minute of the hour it is: an alarm that was lost, or
   * a word that did not get there, would stop one for good. A deleted one may not have heard of it.
   */
  async #pokeSyncs(nowMs: number): Promise<void> {
    if (this.#turn.isClosing) return;
    const minute = Math.floor(nowMs / MINUTE_MS) % MINUTES_OF_HOUR;
    const due = this.#turn.syncs
      .part(minute, MINUTES_OF_HOUR)
      .filter(({ deletedAtMs = nowMs }) => deletedAtMs > nowMs - DAY_MS);
    await Promise.all(due.map(({ id }) => succeeds(this.#reach.sync(id).changed())));
  }

  /** Looks and opens in one turn: a queue that became known meanwhile has to be fenced as well. */
  #open(id: SourceId, epoch: number): boolean {
    const { tables } = this.#turn;
    const source = tables.source(id);
    if (source === undefined || source.route.state !== "fencing") return false;
    if (source.route.n !== epoch || tables.queuesUnfenced(id, epoch).length > 0) return false;
    const nowMs = Date.now();
    tables.save(nextVersion({ ...source, route: openRoute(source.route, nowMs) }, nowMs));
    return true;
  }

  #config(source: Source) {
    const config = this.#turn.configOf(source);
    const suppressions = this.#turn.regulations.version();
    return { ...config, suppressions, lanes: this.#turn.destinations.enabledOf(source.id) };
  }
}

/** Whether the call came back in time. Why not is of no use here: it is made again, or expires. */
async function succeeds(call: Promise<unknown>): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), PUSH_MS_MAX);
  const done = call.then(
    () => true,
    () => false,
  );
  return Promise.race([done, late]).finally(() => clearTimeout(timer));
}

import { workspaceOf } from "../src/core/ids.ts";
import { IDLE_MS } from "../src/ingest/queue/schedule.ts";
import type { QueueWorkDeps } from "./queue-work.ts";

/** What a queue tells its workspace: that it holds events, that it holds none, that it is too full. */
export class QueueNotices {
  readonly #deps: QueueWorkDeps;
  /** What the workspace was told last; `undefined` when it is not known, as after a start. */
  #toldFilled: boolean | undefined;

  constructor(deps: QueueWorkDeps) {
    this.#deps = deps;
  }

  get toldFilled(): boolean {
    return this.#toldFilled === true;
  }

  tellFilled(): void {
    if (this.#toldFilled === true) return;
    this.#toldFilled = true;
    this.#deps.ctx.waitUntil(
      this.#workspace()
        .queueFilled(this.#deps.sourceId, this.#deps.self)
        .catch(() => {
          this.#toldFilled = false;
        }),
    );
  }

  async tellDrained(isEmpty: () => boolean, lastCommitAtMs: number): Promise<void> {
    if (this.#toldFilled === false || !isEmpty()) return;
    if (Date.now() - lastCommitAtMs < IDLE_MS) return;
    const told = this.#workspace().queueDrained(this.#deps.sourceId, this.#deps.self);
    this.#toldFilled = await told.then(
      () => false,
      () => undefined,
    );
    // What came in meanwhile was told before the workspace heard that nothing is left.
    if (!isEmpty()) this.tellFilled();
  }

  async askForShards(): Promise<void> {
    const config = this.#deps.lease.current;
    if (config === undefined) return;
    await this.#workspace().raiseShards(this.#deps.sourceId, config.route.n);
    this.#deps.storage.shardsAsked();
  }

  #workspace() {
    return this.#deps.reach.workspace(workspaceOf(this.#deps.sourceId));
  }
}

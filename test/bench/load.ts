import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** What is sent, plain data because it crosses a process boundary. */
export type Load = {
  readonly port: number;
  readonly path: string;
  readonly writeKey: string;
  readonly events: number;
  readonly connections: number;
  readonly seconds: number;
  /** Ends after so many requests instead of a time. */
  readonly requests?: number;
  /** Sends no faster than this; as fast as answers come when absent. */
  readonly requestsPerSecond?: number;
  /** The number of the first event; ids are made of it and may never come again. */
  readonly firstId: number;
  /** Whether to tell when each request was answered. */
  readonly wantsAcks?: boolean;
};

export type LoadResult = {
  readonly requests: number;
  readonly events: number;
  readonly seconds: number;
  readonly requestsPerSecond: number;
  readonly eventsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers other than 200, by status. */
  readonly failures: Readonly<Record<string, number>>;
  /** The first number that was not used. */
  readonly nextId: number;
  /** First event, events, and epoch ms of the answer, of each request. */
  readonly acks: readonly (readonly [number, number, number])[];
};

/** The load generator in its own process. */
export class LoadGenerator {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  #nextId = 1;

  constructor() {
    this.#child = fork(fileURLToPath(new URL("./load-process.ts", import.meta.url)), {
      execArgv: [],
    });
    this.#ended = once(this.#child, "exit");
  }

  /**
   * Sends and resolves once everything is answered.
   *
   * @throws Error when an answer was not 200: the numbers would mean nothing.
   */
  async run(load: Omit<Load, "firstId">): Promise<LoadResult> {
    this.#child.send({ ...load, firstId: this.#nextId });
    const answer = once(this.#child, "message") as Promise<[LoadResult]>;
    const first = await Promise.race([answer, this.#ended.then(() => undefined)]);
    if (first === undefined) throw new Error("Cannot measure: the load generator ended");
    const [result] = first;
    this.#nextId = result.nextId;
    if (Object.keys(result.failures).length > 0) {
      throw new Error(`Cannot measure: answers were ${JSON.stringify(result.failures)}`);
    }
    return result;
  }

  stop(): void {
    this.#child.kill();
  }
}

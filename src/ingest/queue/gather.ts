import type { Append, AppendAnswer } from "../append.ts";

/** One append on its way into the log. */
export type Entry = {
  readonly append: Append;
  /** One byte per event: 1 when a queue of an earlier epoch knows it. Absent: none was asked. */
  readonly knownElsewhere: Uint8Array | undefined;
};

/** What the group commit needs of its queue. */
export type GatherDeps = {
  /** Decides and inserts one group in one synchronous turn; one answer per entry. */
  commit(entries: readonly Entry[]): readonly AppendAnswer[];
  /** Resolves when everything written so far is on disk. */
  sync(): Promise<void>;
  /** Resolves a moment later, for others to join a group under load. */
  linger(): Promise<void>;
};

/** Bytes of lines committed together; more would make the first of a group wait for the rest. */
const GROUP_BYTES_MAX = 8_000_000;

type Waiting = Entry & {
  resolve(answer: AppendAnswer): void;
  reject(reason: unknown): void;
};

/**
 * Group commit. While one group is being flushed to disk, what arrives is gathered and committed
 * together next, so that under load many requests share one row and one flush; where requests met,
 * the next group waits a moment for more of them. Without load a request waits for nobody.
 *
 * Answers are given in the turn of their commit. They leave the object only once that is on disk,
 * because the platform holds back everything an object sends while a write of its is not confirmed
 * (the output gate), and drops it when the write fails; the crash test shows that this holds.
 */
export class Gather {
  readonly #deps: GatherDeps;
  #waiting: Waiting[] = [];
  #running = false;
  /** Whether requests met in the last group: only then is it worth waiting for others. */
  #isCrowded = false;
  #last: Promise<AppendAnswer> | undefined;

  constructor(deps: GatherDeps) {
    this.#deps = deps;
  }

  /** Resolves in the turn of the commit; rejects when storage refused it. */
  submit(entry: Entry): Promise<AppendAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<AppendAnswer>();
    this.#waiting.push({ ...entry, resolve, reject });
    this.#last = promise;
    if (!this.#running) void this.#run();
    return promise;
  }

  /** Resolves once everything submitted before is durable or refused. */
  async settled(): Promise<void> {
    // Groups are in order of submission; to wait until none is left could take for ever under load.
    await Promise.allSettled([this.#last]);
    await this.#deps.sync();
  }

  async #run(): Promise<void> {
    this.#running = true;
    try {
      while (this.#waiting.length > 0) {
        if (this.#isCrowded) await this.#deps.linger();
        const group = this.#takeGroup();
        await this.#commitGroup(group);
        this.#isCrowded = group.length > 1 || this.#waiting.length > 0;
      }
    } finally {
      this.#running = false;
    }
  }

  #takeGroup(): Waiting[] {
    let bytes = 0;
    let count = 0;
    for (const { append } of this.#waiting) {
      if (count > 0 && bytes + append.lines.byteLength > GROUP_BYTES_MAX) break;
      bytes += append.lines.byteLength;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }

  async #commitGroup(group: readonly Waiting[]): Promise<void> {
    try {
      const answers = this.#deps.commit(group);
      for (const [index, waiting] of group.entries()) {
        const answer = answers[index];
        if (answer === undefined) throw new Error("Cannot answer: the commit left an entry out");
        waiting.resolve(answer);
      }
      await this.#deps.sync();
    } catch (error) {
      // Those that were answered in this turn are behind the gate, which does not open any more.
      for (const waiting of group) waiting.reject(error);
    }
  }
}

import { openClient, type Client, type DatabaseLogin } from "../../../deliver/postgres/client.ts";
import type { Dial } from "../../../deliver/postgres/raw-socket.ts";
import { SourceFailure } from "../source.ts";
import { aborted, failureOf } from "./failure.ts";
import { BEGIN } from "./sql.ts";
import { TupleReader, type Tuple } from "./tuples.ts";

/** What of the driver's stream is used. */
type CopyStream = AsyncIterable<Uint8Array> & {
  on(event: "error", listener: () => void): unknown;
};

/** What the server says of a statement that it did not run. */
export type Described = {
  readonly columns: readonly { readonly name: string; readonly type: number }[];
  readonly parameters: number;
};

/** What is asked inside one transaction. */
export type Asking = {
  rows<T>(statement: string): Promise<readonly T[]>;
  describe(statement: string): Promise<Described>;
};

/**
 * Reads of one database. Each runs in a transaction of its own that cannot write; a connection that
 * was read to the end serves the next one, any other is cut.
 */
export class Session {
  readonly #login: DatabaseLogin;
  readonly #dial: Dial;
  #idle: Client | undefined;
  #received = 0;

  constructor(login: DatabaseLogin, dial: Dial) {
    this.#login = login;
    this.#dial = dial;
  }

  /** Bytes that came in so far. */
  get received(): number {
    return this.#received;
  }

  /** @throws SourceFailure. */
  async ask<T>(signal: AbortSignal, work: (asking: Asking) => Promise<T>): Promise<T> {
    const results = this.#transaction(signal, async function* ({ sql }) {
      yield await work({
        rows: async <R>(statement: string) => sql.unsafe<(R & object)[]>(statement),
        describe: async (statement) => {
          // The client prepares nothing under a name, so that nothing is left behind a pooler.
          const { columns, types } = await sql.unsafe(statement).describe();
          return { columns: columns ?? [], parameters: types.length };
        },
      });
    });
    let answer: { readonly value: T } | undefined;
    // Read to its end, where the transaction ends.
    for await (const value of results) answer = { value };
    if (answer === undefined) throw aborted();
    return answer.value;
  }

  /**
   * Runs a `COPY … TO STDOUT (FORMAT binary)` and hands over a piece for each that comes, after
   * `take` was called with each row in it. The server waits while nobody asks for the next piece.
   *
   * @throws SourceFailure.
   */
  copy(statement: string, signal: AbortSignal, take: (tuple: Tuple) => void): AsyncGenerator<void> {
    return this.#transaction(signal, async function* (client) {
      const stream = (await client.sql.unsafe(statement).readable()) as unknown as CopyStream;
      // It may fail before somebody reads it, and is told of there.
      stream.on("error", () => undefined);
      const reader = new TupleReader();
      for await (const piece of stream) {
        reader.read(piece, take);
        yield;
      }
      // The driver stops reading while its stream is full, and reads on when the stream is asked for
      // more, which one that ended full never is: the answer to the next statement would not be read.
      client.resume();
      if (!reader.isEnded) throw new SourceFailure("cut_off", "The connection was lost", true);
    });
  }

  async close(): Promise<void> {
    const client = this.#idle;
    this.#idle = undefined;
    // A server that does not answer is not waited for.
    await client?.sql.end({ timeout: 1 });
  }

  async *#transaction<T>(
    signal: AbortSignal,
    work: (client: Client) => AsyncGenerator<T>,
  ): AsyncGenerator<T> {
    if (isAborted(signal)) throw aborted();
    const client = await this.#client();
    // An abort meanwhile was told to nobody.
    if (isAborted(signal)) {
      await this.#keep(client);
      throw aborted();
    }
    const cut = (): void => client.cut();
    signal.addEventListener("abort", cut, { once: true });
    let wasConnected = false;
    let isWhole = false;
    try {
      await client.sql.unsafe(BEGIN);
      wasConnected = true;
      yield* work(client);
      // All was read; a reader who took long over the end may have lost a connection that is idle.
      await client.sql.unsafe("COMMIT").catch(() => undefined);
      isWhole = client.isOpen();
    } catch (error) {
      throw signal.aborted ? aborted() : failureOf(error, wasConnected);
    } finally {
      signal.removeEventListener("abort", cut);
      if (isWhole) await this.#keep(client);
      else client.cut();
    }
  }

  async #client(): Promise<Client> {
    const client = this.#idle;
    this.#idle = undefined;
    if (client?.isOpen() === true) return client;
    const received = (bytes: number): void => {
      this.#received += bytes;
    };
    // The settings of a transaction would be lost with its connection, so none is made again.
    return openClient(this.#login, this.#dial, { received, isOnce: true });
  }

  async #keep(client: Client): Promise<void> {
    if (this.#idle === undefined) this.#idle = client;
    else await client.sql.end({ timeout: 1 });
  }
}

/** Asked anew: it may have been aborted since. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

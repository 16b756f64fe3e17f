import { EventEmitter } from "node:events";

import type { RawSocket } from "./raw-socket.ts";

type Done = (error?: unknown) => void;

/** Between telling the driver of an error and of the end: a few of its turns. */
const CLOSED_AFTER_MS = 20;

/** Told of bytes as they pass. */
export type ByteCount = { sent(bytes: number): void; received(bytes: number): void };

/**
 * A socket of `cloudflare:sockets` as postgres.js wants it: with the events and methods of Node's. It
 * reads on only after what it read was taken, so that a server cannot fill the memory.
 */
export class DriverSocket extends EventEmitter {
  readyState: "open" | "closed" = "open";
  readonly #socket: RawSocket;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #count: ByteCount;
  #isDestroyed = false;
  #resumed: PromiseWithResolvers<void> | undefined;

  constructor(socket: RawSocket, count: ByteCount) {
    super();
    this.#socket = socket;
    this.#count = count;
    this.#writer = socket.writable.getWriter();
    void this.#read();
  }

  write(data: Uint8Array, encoding?: string | Done, done?: Done): boolean {
    this.#count.sent(data.byteLength);
    const told = typeof encoding === "function" ? encoding : done;
    this.#writer.write(data).then(
      () => told?.(),
      (error: unknown) => {
        told?.(error);
        this.#fail(error);
      },
    );
    return true;
  }

  end(data?: Uint8Array): this {
    if (data !== undefined) this.write(data);
    this.#writer.close().catch(() => undefined);
    return this;
  }

  destroy(): this {
    this.#isDestroyed = true;
    this.#socket.close().catch(() => undefined);
    this.resume();
    this.#fail(new Error("The socket was destroyed"));
    return this;
  }

  pause(): this {
    this.#resumed ??= Promise.withResolvers<void>();
    return this;
  }

  resume(): this {
    this.#resumed?.resolve();
    this.#resumed = undefined;
    return this;
  }

  async #read(): Promise<void> {
    try {
      const reader = this.#socket.readable.getReader();
      for (;;) {
        await this.#resumed?.promise;
        if (this.#isDestroyed) return;
        const { value, done } = await reader.read();
        if (done) break;
        this.#count.received(value.byteLength);
        this.emit("data", Buffer.from(value.buffer, value.byteOffset, value.byteLength));
      }
      this.#fail(new Error("The server closed the connection"));
    } catch (error) {
      this.#fail(error);
    }
  }

  /**
   * Tells the driver of the error, and later that the socket is closed: on an error it rolls back its
   * transaction, and it cannot do that with a socket that it was told is gone.
   */
  #fail(error: unknown): void {
    if (this.readyState === "closed") return;
    this.readyState = "closed";
    // The driver listens once it has the socket, and an error that nobody listens to would be thrown.
    if (this.listenerCount("error") > 0) this.#tell(error);
    else setTimeout(() => this.#tell(error));
  }

  #tell(error: unknown): void {
    if (this.listenerCount("error") > 0) this.emit("error", error);
    setTimeout(() => this.emit("close", false), CLOSED_AFTER_MS);
  }
}

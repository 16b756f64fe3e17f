import { connect, type Socket } from "node:net";
import { prepareRequest, writeId, type PreparedRequest } from "./bodies.ts";
import type { Load, LoadResult } from "./load.ts";

/**
 * The load generator, a process of its own: keep-alive connections that send prepared requests one
 * after the other, over bare sockets, so that it takes little of the machine it shares.
 */
const HEAD_END = Buffer.from("\r\n\r\n");
const REQUESTS_EACH = { one: 64, many: 4 };

class Run {
  readonly #load: Load;
  readonly #startMs = performance.now();
  #nextId: number;
  #sent = 0;
  readonly latencies: number[] = [];
  readonly acks: [number, number, number][] = [];
  readonly failures: Record<string, number> = {};
  lastMs = this.#startMs;

  constructor(load: Load) {
    this.#load = load;
    this.#nextId = load.firstId;
  }

  /** Sends on one connection until the time or the number of requests is used up. */
  connection(index: number): Promise<void> {
    const { port, events } = this.#load;
    const requests = Array.from(
      { length: events === 1 ? REQUESTS_EACH.one : REQUESTS_EACH.many },
      (_, i) => prepareRequest({ ...this.#load, host: `127.0.0.1:${port}`, seed: index * 64 + i }),
    );
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: "127.0.0.1", noDelay: true });
      socket.on("error", reject);
      socket.on("close", () => resolve());
      socket.on("connect", () => this.#converse(socket, requests));
    });
  }

  #converse(socket: Socket, requests: readonly PreparedRequest[]): void {
    let turn = 0;
    let sentAtMs = 0;
    let firstId = 0;
    let buffered: Buffer = Buffer.alloc(0);
    const send = (): void => {
      const request = requests[turn++ % requests.length];
      if (request === undefined || this.#isOver()) return void socket.end();
      firstId = this.#nextId;
      for (const at of request.idsAt) writeId(request.bytes, at, this.#nextId++);
      this.#sent += 1;
      sentAtMs = performance.now();
      socket.write(request.bytes);
    };
    socket.on("data", (chunk: Buffer) => {
      buffered = buffered.length === 0 ? chunk : Buffer.concat([buffered, chunk]);
      const status = wholeAnswer(buffered);
      if (status === undefined) return;
      buffered = Buffer.alloc(0);
      this.#answered(status, sentAtMs, firstId);
      const waitMs = this.#waitMs();
      if (waitMs > 0) setTimeout(send, waitMs);
      else send();
    });
    send();
  }

  #answered(status: string, sentAtMs: number, firstId: number): void {
    this.lastMs = performance.now();
    if (status !== "200") {
      this.failures[status] = (this.failures[status] ?? 0) + 1;
      return;
    }
    this.latencies.push(this.lastMs - sentAtMs);
    if (this.#load.wantsAcks) this.acks.push([firstId, this.#load.events, Date.now()]);
  }

  #isOver(): boolean {
    const { seconds, requests } = this.#load;
    if (requests !== undefined) return this.#sent >= requests;
    return performance.now() - this.#startMs >= seconds * 1000;
  }

  /** How long to wait so that no more than the wanted rate is sent. */
  #waitMs(): number {
    const { requestsPerSecond } = this.#load;
    if (requestsPerSecond === undefined) return 0;
    const due = this.#startMs + (this.#sent / requestsPerSecond) * 1000;
    return due - performance.now();
  }

  result(): LoadResult {
    const { events } = this.#load;
    const sorted = Float64Array.from(this.latencies).sort();
    const at = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? 0;
    const seconds = (this.lastMs - this.#startMs) / 1000;
    const taken = this.latencies.length;
    return {
      requests: taken,
      events: taken * events,
      seconds,
      requestsPerSecond: taken / seconds,
      eventsPerSecond: (taken * events) / seconds,
      p50Ms: at(0.5),
      p99Ms: at(0.99),
      failures: this.failures,
      nextId: this.#nextId,
      acks: this.acks,
    };
  }
}

/** The status of the answer, once all of it has come. */
function wholeAnswer(bytes: Buffer): string | undefined {
  const end = bytes.indexOf(HEAD_END);
  if (end < 0) return undefined;
  const head = bytes.toString("latin1", 0, end);
  const length = /content-length: (\d+)/i.exec(head)?.[1];
  if (length === undefined) throw new Error("Cannot read an answer: it names no length");
  return bytes.length >= end + HEAD_END.length + Number(length) ? head.slice(9, 12) : undefined;
}

// Nobody is left to send for.
process.on("disconnect", () => process.exit(0));

process.on("message", (load: Load) => {
  const run = new Run(load);
  const all = Array.from({ length: load.connections }, (_, i) => run.connection(i));
  Promise.all(all).then(
    () => process.send?.(run.result()),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});

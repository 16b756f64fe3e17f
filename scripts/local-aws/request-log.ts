import type { ArchiveLocation } from "../../src/region/regions.ts";
import type { Operation } from "./operation.ts";

/** One request as an endpoint saw it. Bodies and signatures are not kept. */
export type LoggedRequest = {
  readonly number: number;
  readonly location: ArchiveLocation;
  readonly method: string;
  readonly operation: Operation;
  readonly bucket: string;
  readonly key: string;
  readonly accessKeyId: string;
  /** 0 when the connection was dropped instead of an answer. */
  readonly status: number;
  /** AWS's error code; empty when the request was served. */
  readonly code: string;
  readonly requestBytes: number;
  readonly responseBytes: number;
  /** Whether the store answered 2xx, whatever the client was told. */
  readonly landed: boolean;
};

/** Enough for a long crash test; older ones are forgotten. */
const ENTRIES_MAX = 200_000;

/** The requests of all endpoints, oldest first. */
export class RequestLog {
  #entries: LoggedRequest[] = [];
  #next = 1;

  add(entry: Omit<LoggedRequest, "number">): void {
    this.#entries.push({ number: this.#next, ...entry });
    this.#next += 1;
    if (this.#entries.length > ENTRIES_MAX) this.#entries = this.#entries.slice(ENTRIES_MAX / 2);
  }

  /** The entries whose number is greater than `number`. */
  after(number: number): readonly LoggedRequest[] {
    return this.#entries.filter((entry) => entry.number > number);
  }

  clear(): void {
    this.#entries = [];
  }
}

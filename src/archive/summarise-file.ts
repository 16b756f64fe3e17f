import { createHash } from "node:crypto";
import { err, ok, type Result } from "../core/result.ts";
import { sipKey, type SipKey } from "../core/siphash.ts";
import { hashAnonymousId, hashUserId } from "../ingest/event-hashes.ts";
import { USER_HASH_BYTES } from "../ingest/append.ts";
import { usersOf, type EventUsers } from "./event-users.ts";
import { FileFaultError, LineSplitter, readBlocks, type FileFault } from "./read-lines.ts";
import { buildUserFilter, MATCHES_EVERYONE } from "./user-filter.ts";

/** What the catalogue wants to know of a file, read from the file itself. */
export type FileSummary = {
  /** Lines that are not empty. */
  readonly events: number;
  readonly rawBytes: number;
  readonly ndjsonSha256: string;
  /** Absent when no line says when it was received. */
  readonly firstReceivedAtMs: number | undefined;
  readonly lastReceivedAtMs: number | undefined;
  readonly userFilter: Uint8Array;
  /** Lines that are no JSON object. With one of them inside, the filter matches everyone. */
  readonly unreadableLines: number;
};

/** 16 MB of hashes; a file of 100 MB holds about 3 million ids at most. Beyond, everyone matches. */
const USER_HASHES_MAX = 2_000_000;
const USER_HASHES_FIRST = 4096;

/**
 * Reads a whole file once, as a stream. `fingerprintKey` is the source's: it keys the hashes of user
 * ids, so that the filter is of use to nobody else.
 */
export async function summariseFile(
  body: ReadableStream<Uint8Array>,
  fingerprintKey: string,
): Promise<Result<FileSummary, FileFault>> {
  const hash = createHash("sha256");
  const splitter = new LineSplitter();
  const tally = new Tally(sipKey(fingerprintKey));
  let rawBytes = 0;
  try {
    for await (const block of readBlocks(body)) {
      hash.update(block);
      rawBytes += block.byteLength;
      for (const line of splitter.add(block)) tally.add(line);
    }
    for (const line of splitter.finish()) tally.add(line);
  } catch (error) {
    if (error instanceof FileFaultError) return err(error.fault);
    throw error;
  }
  return ok({ rawBytes, ndjsonSha256: hash.digest("hex"), ...tally.finish() });
}

const decoder = new TextDecoder();

/** One line of a file, and whom it is about. */
export type ReadEvent = {
  readonly event: Readonly<Record<string, unknown>>;
  readonly users: EventUsers;
};

/** The event in a line; `undefined` when it is no JSON object. */
export function readEvent(line: Uint8Array): ReadEvent | undefined {
  const text = decoder.decode(line);
  const event = parseObject(text);
  return event === undefined ? undefined : { event, users: usersOf(event, text) };
}

/** Sums up the lines of one file. */
export class Tally {
  readonly #key: SipKey;
  #hashes = new Uint8Array(USER_HASHES_FIRST * USER_HASH_BYTES);
  #hashCount = 0;
  #events = 0;
  #unreadableLines = 0;
  #firstReceivedAtMs = Number.POSITIVE_INFINITY;
  #lastReceivedAtMs = Number.NEGATIVE_INFINITY;

  constructor(key: SipKey) {
    this.#key = key;
  }

  add(line: Uint8Array): void {
    this.take(readEvent(line));
  }

  /** Adds a line that was read already; `undefined` is one that is no event. */
  take(read: ReadEvent | undefined): void {
    this.#events++;
    if (read === undefined) {
      this.#unreadableLines++;
      return;
    }
    const { event } = read;
    const { userIds, anonymousIds } = read.users;
    for (const id of userIds) this.#addUser(hashUserId, id);
    for (const id of anonymousIds) this.#addUser(hashAnonymousId, id);
    const { receivedAt } = event;
    const receivedAtMs = typeof receivedAt === "string" ? Date.parse(receivedAt) : Number.NaN;
    if (Number.isNaN(receivedAtMs)) return;
    this.#firstReceivedAtMs = Math.min(this.#firstReceivedAtMs, receivedAtMs);
    this.#lastReceivedAtMs = Math.max(this.#lastReceivedAtMs, receivedAtMs);
  }

  finish(): Omit<FileSummary, "rawBytes" | "ndjsonSha256"> {
    const isWhole = this.#unreadableLines === 0 && this.#hashCount <= USER_HASHES_MAX;
    const hashes = this.#hashes.subarray(0, this.#hashCount * USER_HASH_BYTES);
    return {
      events: this.#events,
      unreadableLines: this.#unreadableLines,
      firstReceivedAtMs: finite(this.#firstReceivedAtMs),
      lastReceivedAtMs: finite(this.#lastReceivedAtMs),
      userFilter: isWhole ? buildUserFilter(hashes) : MATCHES_EVERYONE,
    };
  }

  #addUser(hash: typeof hashUserId, id: string): void {
    if (this.#hashCount > USER_HASHES_MAX) return;
    if (this.#hashCount++ === USER_HASHES_MAX) return;
    const end = this.#hashCount * USER_HASH_BYTES;
    if (end > this.#hashes.byteLength) this.#grow();
    hash(this.#key, id, this.#hashes.subarray(end - USER_HASH_BYTES, end));
  }

  #grow(): void {
    const larger = new Uint8Array(this.#hashes.byteLength * 2);
    larger.set(this.#hashes);
    this.#hashes = larger;
  }
}

function finite(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined;
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    return undefined;
  }
}

import type { QueueRef, SourceConfig } from "../../workspace/source-config.ts";
import type { Append, AppendAnswer, EdgeNote } from "../append.ts";
import { refusal, unavailable } from "./admission.ts";
import { packChunks, type Part } from "./chunk.ts";
import type { Counters } from "./counters.ts";
import type { Entry } from "./gather.ts";
import type { QueueLog } from "./queue-log.ts";
import { fullBucket, takeTokens, type TokenBucket } from "./token-bucket.ts";

/** What the committer asks of deduplication. */
export type Seen = {
  /** Sets `out[i]` to 1 for each fingerprint accepted within the window. */
  hasMany(prints: Uint8Array, out: Uint8Array): void;
  /** Remembers one fingerprint under its commit second; false when it was remembered already. */
  add(prints: Uint8Array, index: number, ordinal: number): boolean;
};

export type CommitterDeps = {
  readonly log: QueueLog;
  readonly seen: Seen;
  readonly counters: Counters;
  readonly self: QueueRef;
  /** One byte per event, 1 for those of suppressed users; `undefined` when there is none. */
  suppressed(users: Uint8Array): Uint8Array | undefined;
  /** Counts a request by the place it came in at. */
  countEdge(edge: EdgeNote): void;
  /** Runs `work` as one transaction. */
  transaction(work: () => void): void;
  /** The config that may be used now, if any. */
  config(): SourceConfig | undefined;
  /** Appends of an epoch below this one are refused, whatever the config says. */
  fencedBelow(): number;
  /** Whether storage is so full that nothing more may come in. */
  isFull(): boolean;
  now(): number;
};

/**
 * Decides and stores one group of appends in one synchronous turn: key and route checks, backlog,
 * deduplication, rate and INSERT all see the same state, and nothing can come between them.
 */
export class Committer {
  readonly #deps: CommitterDeps;
  #bucket: TokenBucket | undefined;

  constructor(deps: CommitterDeps) {
    this.#deps = deps;
  }

  /**
   * One answer for each entry. What is answered `accepted` is durable once storage is synced.
   * Throws when storage fails; memory may then be ahead of it, so the object has to start anew.
   */
  commit(entries: readonly Entry[]): readonly AppendAnswer[] {
    const nowMs = this.#deps.now();
    const config = this.#deps.config();
    const full = this.#deps.isFull();
    const parts: Part[] = [];
    const committedAtMs = this.#deps.log.commitTime(nowMs);
    const answers = entries.map((entry): AppendAnswer => {
      const { append } = entry;
      const refused = this.#refusal(append, config, full);
      // What comes again, from the Worker or from the client, is counted once it is taken.
      if (refused !== undefined && refused.kind !== "refused") return refused;
      if (refused !== undefined || config === undefined || append.ends.length === 0) {
        this.#count(append);
        return refused ?? { kind: "accepted", accepted: 0, duplicates: 0 };
      }
      const known = this.#known(entry);
      const suppressed = this.#suppress(append, known);
      const waitMs = this.#takeTokens(known, config, nowMs);
      if (waitMs > 0) return { kind: "rate-limited", retryAfterMs: waitMs };
      this.#count(append);
      const part = this.#remember(append, known, ordinalOf(committedAtMs));
      const accepted = part.keep?.length ?? append.ends.length;
      if (accepted > 0) parts.push(part);
      const duplicates = append.ends.length - accepted - suppressed;
      this.#deps.counters.add("duplicate", "duplicate", duplicates);
      this.#deps.counters.add("refused", "suppressed", suppressed);
      return { kind: "accepted", accepted, duplicates };
    });
    this.#insert(parts, committedAtMs);
    return answers;
  }

  #count(append: Append): void {
    for (const [code, count] of Object.entries(append.refused)) {
      this.#deps.counters.add("refused", code, count);
    }
    for (const [code, count] of Object.entries(append.noted ?? {})) {
      this.#deps.counters.add("noted", code, count);
    }
    if (append.edge !== undefined) this.#deps.countEdge(append.edge);
  }

  #refusal(
    append: Append,
    config: SourceConfig | undefined,
    full: boolean,
  ): AppendAnswer | undefined {
    if (append.ends.length === 0) return undefined;
    if (config === undefined) return unavailable("config");
    const refused = refusal(append, config, this.#deps.self, this.#deps.fencedBelow());
    if (refused?.kind === "refused") {
      this.#deps.counters.add("refused", refused.code, append.ends.length);
    }
    return refused ?? (full ? unavailable("backlog") : undefined);
  }

  /** One byte per event: 1 when this queue or an earlier one accepted it within the window. */
  #known(entry: Entry): Uint8Array {
    const { prints, ends } = entry.append;
    const known = new Uint8Array(ends.length);
    this.#deps.seen.hasMany(prints, known);
    for (let i = 0; i < known.length; i++) {
      if (entry.knownElsewhere?.[i] === 1) known[i] = 1;
    }
    return known;
  }

  /**
   * Marks the events of suppressed users, so that they are neither stored nor remembered, and says
   * how many they are: the client is told that they were taken, and they are counted.
   */
  #suppress(append: Append, known: Uint8Array): number {
    const flags = this.#deps.suppressed(append.users);
    if (flags === undefined) return 0;
    let count = 0;
    for (const [i, flag] of flags.entries()) {
      count += flag;
      if (flag === 1) known[i] = 1;
    }
    return count;
  }

  /** Duplicates take no tokens, so that retries after a 429 do not eat the rate. */
  #takeTokens(known: Uint8Array, config: SourceConfig, nowMs: number): number {
    let fresh = 0;
    for (const flag of known) if (flag === 0) fresh += 1;
    if (fresh === 0) return 0;
    const rate = config.ratePerSecond / config.route.shards;
    const taken = takeTokens(this.#bucket ?? fullBucket(rate, nowMs), fresh, rate, nowMs);
    this.#bucket = taken.bucket;
    if (taken.waitMs > 0) this.#deps.counters.add("refused", "too_many_requests", fresh);
    return taken.waitMs;
  }

  #remember(append: Append, known: Uint8Array, ordinal: number): Part {
    const keep: number[] = [];
    for (let i = 0; i < known.length; i++) {
      if (known[i] === 0 && this.#deps.seen.add(append.prints, i, ordinal)) keep.push(i);
    }
    return { append, keep: keep.length === known.length ? undefined : keep };
  }

  #insert(parts: readonly Part[], committedAtMs: number): void {
    if (parts.length === 0) return;
    const { log } = this.#deps;
    let seq = log.nextSeq;
    let bytes = 0;
    this.#deps.transaction(() => {
      for (const chunk of packChunks(parts)) {
        log.insert(chunk, seq, committedAtMs);
        seq += chunk.events;
        bytes += chunk.lines.byteLength;
      }
      this.#deps.counters.write();
    });
    log.committed(seq, committedAtMs, bytes);
  }
}

/**
 * What is remembered with a fingerprint: the second of its commit. Commit times never run back, so
 * it orders the segments as well, and it leads to the archive file that holds the event.
 */
export function ordinalOf(committedAtMs: number): number {
  return Math.floor(committedAtMs / 1000);
}

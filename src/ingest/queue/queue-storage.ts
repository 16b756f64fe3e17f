import { PRINT_BYTES } from "../append.ts";
import { ordinalOf, type Seen } from "./committer.ts";
import { Deduplication } from "./dedup/deduplication.ts";
import type { DedupStorage } from "./dedup/dedup-storage.ts";
import { isolateFilters } from "./dedup/filter-account.ts";
import { seqOfPrint } from "./find-print.ts";
import { MemoryAccount } from "./memory-budget.ts";
import { QueueLog, type Segment } from "./queue-log.ts";

/** Storage at which nothing more is taken in: 10 GB is the platform's end, and merging needs room. */
export const DATABASE_BYTES_MAX = 8_500_000_000;

/** Bytes of lines committed between two looks at the size of storage. */
const MEASURE_EVERY_BYTES = 16_000_000;

/** Storage at which more shards are asked for. */
export const DATABASE_BYTES_PRESSURE = 4_000_000_000;

/** Growth after which more shards are asked for once more: four doublings before storage is full. */
const PRESSURE_STEP_BYTES = 1_000_000_000;
const SHARDS_ASKED_AT = "shards_asked_at_bytes";

/** The largest size that storage was seen to have. */
const PEAK = "peak_bytes";
const MANY_REFUSED = "many_refused_at_ms";

/** A segment is closed, and its fingerprints packed, at this many events or this age. */
const SEGMENT_EVENTS_MAX = 200_000;
const SEGMENT_AGE_MS_MAX = 3_600_000;

/** What the queue's storage needs of the platform. */
export type QueueStoragePort = DedupStorage & {
  readonly sql: DedupStorage["sql"] & { readonly databaseSize: number };
};

/**
 * The log and the memory of fingerprints of one queue, kept in step: ids of the open segment are in
 * memory and in the log, those of closed segments in packed runs. All methods are synchronous.
 */
export class QueueStorage {
  readonly #port: QueueStoragePort;
  readonly #dedup: Deduplication;
  readonly #memory: MemoryAccount;
  readonly log: QueueLog;
  readonly seen: Seen;
  #fencedBelow: number;
  #full = false;
  #measuredAtBytes = Number.NEGATIVE_INFINITY;

  constructor(
    port: QueueStoragePort,
    windowMs: number,
    nowMs: number,
    memory: MemoryAccount = new MemoryAccount(),
  ) {
    this.#port = port;
    this.#memory = memory;
    this.log = new QueueLog(port.sql, nowMs);
    this.#dedup = new Deduplication(port, { windowMs, filters: isolateFilters });
    this.#dedup.load(nowMs);
    for (const segment of this.log.segments) if (!segment.packed) this.#recall(segment);
    this.#memory.holdRecent(this.#dedup.recentBytes);
    this.#fencedBelow = Number(this.#readState("fenced_below") ?? 0);
    this.seen = {
      hasMany: (prints, out) => this.#dedup.hasMany(prints, out),
      add: (prints, index, ordinal) => this.#dedup.add(prints, index, ordinal),
    };
  }

  /** Appends of epochs below this one are refused for good. */
  get fencedBelow(): number {
    return this.#fencedBelow;
  }

  get databaseBytes(): number {
    return this.#port.sql.databaseSize;
  }

  /** Asks storage only after as much was written as could matter: the question costs a query. */
  get isFull(): boolean {
    const written = this.log.insertedBytes;
    if (this.#full || written >= this.#measuredAtBytes + MEASURE_EVERY_BYTES) {
      this.#measuredAtBytes = written;
      this.#full = this.databaseBytes >= DATABASE_BYTES_MAX;
    }
    return this.#full;
  }

  /**
   * Whether more shards are due. After they were asked for, only further growth makes more due: what
   * stands here already stays for its window, however many shards take the new events.
   */
  get wantsShards(): boolean {
    const askedAtBytes = Number(this.#readState(SHARDS_ASKED_AT) ?? 0);
    const growthBytes = this.databaseBytes - askedAtBytes;
    return this.databaseBytes >= DATABASE_BYTES_PRESSURE && growthBytes >= PRESSURE_STEP_BYTES;
  }

  /** Notes that more shards were asked for at the present size. */
  shardsAsked(): void {
    this.#writeState(SHARDS_ASKED_AT, String(this.databaseBytes));
  }

  /** What SQLite may have free at most: it grew to a size, and gives nothing back. */
  get freeBytes(): number {
    return Math.max(0, Number(this.#readState(PEAK) ?? 0) - this.databaseBytes);
  }

  get mergePending(): boolean {
    return this.#dedup.mergePending;
  }

  /** When the oldest packed fingerprints end their window. */
  get expiryAtMs(): number | undefined {
    return this.#dedup.nextExpiryMs;
  }

  /** When the open segment is closed for its age; absent while it is empty. */
  get rotateAtMs(): number | undefined {
    const { open, nextSeq } = this.log;
    return nextSeq === open.firstSeq ? undefined : open.openedAtMs + SEGMENT_AGE_MS_MAX;
  }

  /** One byte per fingerprint: 1 when it was accepted within the window. */
  known(prints: Uint8Array): Uint8Array {
    const known = new Uint8Array(prints.byteLength / PRINT_BYTES);
    this.#dedup.hasMany(prints, known);
    return known;
  }

  /** The second in which the event of that fingerprint was committed, if it is in the window. */
  committedSecond(print: Uint8Array): number | undefined {
    return this.#dedup.ordinalOf(print);
  }

  /** The number of the event with that fingerprint, while the log holds it. */
  seqOf(print: Uint8Array, second: number): number | undefined {
    return seqOfPrint(this.#port.sql, this.log.segments, print, second);
  }

  /**
   * The random name of this storage, made once, so that a queue whose storage was deleted and that
   * counts from 1 again cannot meet the names of its earlier files. A restore to an earlier time
   * keeps it: a file of the same range is then recognised by its hash.
   */
  incarnation(make: () => string): string {
    const known = this.#readState("incarnation");
    if (known !== undefined) return known;
    const made = make();
    this.#writeState("incarnation", made);
    return made;
  }

  /** Refuses every epoch below `epoch` from now on. */
  fence(epoch: number): void {
    if (epoch <= this.#fencedBelow) return;
    this.#writeState("fenced_below", String(epoch));
    this.#fencedBelow = epoch;
  }

  /** When many events were refused last, as it was noted; 0 when never. */
  get manyRefusedAtMs(): number {
    return Number(this.#readState(MANY_REFUSED) ?? 0);
  }

  noteManyRefused(atMs: number): void {
    this.#writeState(MANY_REFUSED, String(atMs));
  }

  /**
   * Closes the open segment when it is big or old enough, or when fingerprints take too much of the
   * isolate's memory, and packs its fingerprints.
   */
  rotateIfDue(nowMs: number): void {
    const { open, nextSeq } = this.log;
    const events = nextSeq - open.firstSeq;
    const isScarce = this.#memory.holdRecent(this.#dedup.recentBytes);
    const isOld = nowMs - open.openedAtMs >= SEGMENT_AGE_MS_MAX;
    if (events > 0 && (events >= SEGMENT_EVENTS_MAX || isOld || isScarce)) {
      this.rotate(nowMs, isScarce);
    } else if (isScarce) {
      this.#dedup.trim();
      this.#memory.holdRecent(this.#dedup.recentBytes);
    }
  }

  /** Closes the open segment unless it is empty, so that all that is in it can be dropped. */
  rotate(nowMs: number, isScarce = false): void {
    const { open, nextSeq } = this.log;
    if (nextSeq === open.firstSeq) return;
    const { lastCommittedAtMs } = this.log;
    const packing = this.#port.transactionSync(() => {
      const times = { firstAtMs: open.openedAtMs, lastAtMs: lastCommittedAtMs };
      const packed = this.#dedup.pack(ordinalOf(lastCommittedAtMs), times, isScarce);
      this.log.markPacked(open.id);
      this.log.rotate(nowMs);
      return packed;
    });
    packing.settle();
    this.log.reload();
    this.#memory.holdRecent(this.#dedup.recentBytes);
  }

  /** Drops the closed segments that the archive has passed. */
  dropConsumed(archivedSeq: number): void {
    this.#notePeak();
    for (const segment of this.log.segments) {
      if (segment.lastSeq === undefined || !segment.packed) continue;
      if (segment.lastSeq > archivedSeq) continue;
      this.#port.transactionSync(() => this.log.drop(segment.id));
    }
    this.log.reload();
  }

  /** Does a bounded piece of merging, expiring or dropping; true while more waits. */
  mergeSlice(nowMs: number): boolean {
    return this.#dedup.mergeSlice(nowMs);
  }

  /** A row written, so only when the size has grown by something. */
  #notePeak(): void {
    const bytes = this.databaseBytes;
    if (bytes > Number(this.#readState(PEAK) ?? 0)) this.#writeState(PEAK, String(bytes));
  }

  #recall(segment: Segment): void {
    for (const { committedAtMs, prints } of this.log.prints(segment)) {
      const count = prints.byteLength / PRINT_BYTES;
      for (let i = 0; i < count; i++) this.#dedup.add(prints, i, ordinalOf(committedAtMs));
    }
  }

  #readState(name: string): string | undefined {
    const [row] = this.#port.sql
      .exec<{ value: string }>("SELECT value FROM state WHERE name = ?", name)
      .toArray();
    return row?.value;
  }

  #writeState(name: string, value: string): void {
    this.#port.sql.exec("INSERT OR REPLACE INTO state (name, value) VALUES (?, ?)", name, value);
  }
}

import { readStored } from "../../core/stored-json.ts";
import { packEntries, splitEntries, unpackEntries, type LaneEntry } from "./entry.ts";
import { deadByCode, waitingByDue, type Settlement } from "./settlement.ts";
import type { DeliveryCount, DeliveryStep } from "./counts.ts";

/** What of a Durable Object's storage a lane uses; Node's own SQLite can stand in for it. */
export type LaneStoragePort = {
  readonly sql: {
    exec(
      query: string,
      ...bindings: (string | number | null | ArrayBuffer)[]
    ): { toArray(): Record<string, unknown>[] };
    /** Bytes of pages that hold something; those that are free are left out. */
    readonly databaseSize?: number;
  };
  transactionSync<T>(work: () => T): T;
};

/** Events that may wait for a retry; past that the lane reads no more of the log. */
export const WAITING_EVENTS_MAX = 20_000;
export const WAITING_BYTES_MAX = 32_000_000;

/** Of one row: 2 MB is the platform's end. */
const CHUNK_MAX = { events: 1_000, bytes: 1_000_000 };

/** Name in `state`: the largest size so far, which is the size of the file. */
const PEAK = "peak_bytes";
/** Growth that is noted; below it, a scrub's least covers it. */
const PEAK_STEP_BYTES = 1_000_000;

type Head = {
  readonly id: number;
  readonly dueAtMs: number;
  readonly events: number;
  readonly bytes: number;
};

/** Events that were taken up again, and the chunks they stood in. */
export type DueBlock = { readonly ids: readonly number[]; readonly entries: readonly LaneEntry[] };

/** What settling a block changes. */
export type BlockEnd = {
  /** Chunks that were taken up. */
  readonly ids: readonly number[];
  /** The last event read of the log; absent for a block of events that had waited. */
  readonly position?: number;
  readonly settlements: readonly Settlement[];
};

/** A lane's tables: its position, and chunks of events that wait or are given up. Synchronous. */
export class LaneStorage {
  readonly #port: LaneStoragePort;
  #heads: Head[];
  #position: number;
  #peakBytes: number;

  constructor(port: LaneStoragePort) {
    this.#port = port;
    this.#heads = port.sql
      .exec("SELECT id, due_at_ms, events, bytes FROM waiting")
      .toArray()
      .map((row) => ({
        id: Number(row["id"]),
        dueAtMs: Number(row["due_at_ms"]),
        events: Number(row["events"]),
        bytes: Number(row["bytes"]),
      }));
    this.#position = Number(this.state("position") ?? 0);
    this.#peakBytes = Number(this.state(PEAK) ?? 0);
  }

  /** The last event of the log that is delivered, given up, or waits here. */
  get position(): number {
    return this.#position;
  }

  get waitingEvents(): number {
    return this.#heads.reduce((sum, { events }) => sum + events, 0);
  }

  get waitingBytes(): number {
    return this.#heads.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** What SQLite may have free at most: it grew to a size, and gives nothing back. */
  get freeBytes(): number {
    return Math.max(0, this.#peakBytes - (this.#port.sql.databaseSize ?? 0));
  }

  get isOverCap(): boolean {
    return this.waitingEvents >= WAITING_EVENTS_MAX || this.waitingBytes >= WAITING_BYTES_MAX;
  }

  /** When something that waits is due. */
  get nextDueAtMs(): number | undefined {
    return this.#heads.length === 0
      ? undefined
      : Math.min(...this.#heads.map(({ dueAtMs }) => dueAtMs));
  }

  /** What is due, oldest first, in the order of the log; at least one chunk if any is. */
  due(nowMs: number, max: { readonly events: number; readonly bytes: number }): DueBlock {
    const due = this.#heads
      .filter(({ dueAtMs }) => dueAtMs <= nowMs)
      .toSorted((a, b) => a.dueAtMs - b.dueAtMs || a.id - b.id);
    const ids: number[] = [];
    const left = { ...max };
    for (const head of due) {
      if (ids.length > 0 && (head.events > left.events || head.bytes > left.bytes)) break;
      ids.push(head.id);
      left.events -= head.events;
      left.bytes -= head.bytes;
    }
    const entries = ids.flatMap((id) => this.#read(id)).toSorted((a, b) => a.seq - b.seq);
    return { ids, entries };
  }

  /** Writes down what became of a block, as one transaction. */
  settle({ ids, position, settlements }: BlockEnd, nowMs: number): void {
    this.#change(() => {
      const heads = this.#heads.filter(({ id }) => !ids.includes(id));
      for (const id of ids) this.#port.sql.exec("DELETE FROM waiting WHERE id = ?", id);
      for (const [dueAtMs, entries] of waitingByDue(settlements)) {
        heads.push(...this.#insertWaiting(entries, dueAtMs));
      }
      for (const [code, entries] of deadByCode(settlements)) {
        this.#insertDead(entries, code, nowMs);
      }
      if (position !== undefined) this.setState("position", String(position));
      return { heads, position: position ?? this.#position };
    });
  }

  /** Goes back to where a log ends that was set back to an earlier state. */
  rewind(seq: number): void {
    this.setState("position", String(seq));
    this.#position = seq;
  }

  /** Has events wait that come from elsewhere than the log; `also` is part of the transaction. */
  addWaiting(entries: readonly LaneEntry[], dueAtMs: number, also: () => void): void {
    this.#change(() => {
      also();
      const heads = [...this.#heads, ...this.#insertWaiting(entries, dueAtMs)];
      return { heads, position: this.#position };
    });
  }

  /** Keeps only some of what waits; how many events were not. */
  keepWaiting(isKept: (entry: LaneEntry) => boolean): number {
    let dropped = 0;
    this.#change(() => {
      const heads = this.#heads.flatMap((head) => {
        const entries = this.#read(head.id);
        const kept = entries.filter(isKept);
        if (kept.length === entries.length) return [head];
        dropped += entries.length - kept.length;
        this.#port.sql.exec("DELETE FROM waiting WHERE id = ?", head.id);
        return this.#insertWaiting(kept, head.dueAtMs);
      });
      return { heads, position: this.#position };
    });
    return dropped;
  }

  /** Forgets everything that waits; how many events it was. */
  dropWaiting(): number {
    const events = this.waitingEvents;
    if (events === 0) return 0;
    this.#port.sql.exec("DELETE FROM waiting");
    this.#heads = [];
    return events;
  }

  /** Everything that waits, chunk by chunk, oldest first. */
  *allWaiting(): Generator<{ readonly dueAtMs: number; readonly entries: readonly LaneEntry[] }> {
    for (const { id, dueAtMs } of this.#heads) yield { dueAtMs, entries: this.#read(id) };
  }

  state(name: string): string | undefined {
    const [row] = this.#port.sql.exec("SELECT value FROM state WHERE name = ?", name).toArray();
    return row === undefined ? undefined : String(row["value"]);
  }

  setState(name: string, value: string): void {
    this.#port.sql.exec("INSERT OR REPLACE INTO state (name, value) VALUES (?, ?)", name, value);
  }

  counts(): readonly DeliveryCount[] {
    return this.#port.sql
      .exec("SELECT at_ms, step, code, count, retry_count, latency FROM counts")
      .toArray()
      .map((row) => ({
        atMs: Number(row["at_ms"]),
        step: String(row["step"]) as DeliveryStep,
        code: String(row["code"]),
        count: Number(row["count"]),
        retryCount: Number(row["retry_count"]),
        latency: readStored<DeliveryCount["latency"]>(String(row["latency"])),
      }));
  }

  saveCounts(counts: readonly DeliveryCount[]): void {
    for (const { atMs, step, code, count, retryCount, latency } of counts) {
      this.#port.sql.exec(
        `INSERT OR REPLACE INTO counts (at_ms, step, code, count, retry_count, latency)
         VALUES (?, ?, ?, ?, ?, ?)`,
        atMs,
        step,
        code,
        count,
        retryCount,
        JSON.stringify(latency),
      );
    }
  }

  dropCounts(beforeMs: number): void {
    this.#port.sql.exec("DELETE FROM counts WHERE at_ms < ?", beforeMs);
  }

  /** Memory follows storage only once the transaction holds. */
  #change(work: () => { heads: Head[]; position: number }): void {
    const { heads, position } = this.#port.transactionSync(() => {
      const changed = work();
      this.#notePeak();
      return changed;
    });
    this.#heads = heads;
    this.#position = position;
  }

  #notePeak(): void {
    const bytes = this.#port.sql.databaseSize ?? 0;
    if (bytes < this.#peakBytes + PEAK_STEP_BYTES) return;
    this.setState(PEAK, String(bytes));
    this.#peakBytes = bytes;
  }

  #read(id: number): readonly LaneEntry[] {
    const [row] = this.#port.sql.exec("SELECT entries FROM waiting WHERE id = ?", id).toArray();
    return row === undefined ? [] : unpackEntries(bytesOf(row["entries"]));
  }

  #insertWaiting(entries: readonly LaneEntry[], dueAtMs: number): readonly Head[] {
    return splitEntries(entries, CHUNK_MAX).map((part) => {
      const packed = packEntries(part);
      const [row] = this.#port.sql
        .exec(
          "INSERT INTO waiting (due_at_ms, events, bytes, entries) VALUES (?, ?, ?, ?) RETURNING id",
          dueAtMs,
          part.length,
          packed.byteLength,
          columnOf(packed),
        )
        .toArray();
      return { id: Number(row?.["id"]), dueAtMs, events: part.length, bytes: packed.byteLength };
    });
  }

  #insertDead(entries: readonly LaneEntry[], code: string, nowMs: number): void {
    for (const part of splitEntries(entries, CHUNK_MAX)) {
      const packed = packEntries(part);
      this.#port.sql.exec(
        "INSERT INTO dead (at_ms, code, events, bytes, entries) VALUES (?, ?, ?, ?, ?)",
        nowMs,
        code,
        part.length,
        packed.byteLength,
        columnOf(packed),
      );
    }
  }
}

/** Bytes as SQLite takes them: a view of part of a buffer is copied out of it. */
export function columnOf(bytes: Uint8Array): ArrayBuffer {
  return bytes.slice().buffer as ArrayBuffer;
}

/** A blob as bytes: workerd hands over an ArrayBuffer, Node's SQLite a Uint8Array. */
export function bytesOf(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  throw new TypeError("Cannot read a lane's table: a column is not a blob");
}

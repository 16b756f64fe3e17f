import type { Chunk } from "./chunk.ts";
import { readColumn, readChunk, storedLines, toColumn, type StoredChunk } from "./chunk-row.ts";
import type { DedupStorage } from "./dedup/dedup-storage.ts";

/** What of `SqlStorage` the log needs; `node:sqlite` can stand in for it in tests. */
export type Sql = DedupStorage["sql"];

/** One segment of the log: a table of chunks that is dropped whole once nobody needs it. */
export type Segment = {
  readonly id: number;
  readonly firstSeq: number;
  readonly openedAtMs: number;
  /** The last event in it; `undefined` while it is the open one. */
  readonly lastSeq: number | undefined;
  /** Whether its fingerprints stand in a packed run. */
  readonly packed: boolean;
};

/** Chunks read in one go, however small they are. */
const READ_CHUNKS_MAX = 2_000;

/**
 * The durable log of one queue: a chain of segment tables, each a run of chunks. Events are numbered
 * from 1; a chunk's row is keyed by the number of its first event. Inserting a chunk is one row
 * written; dropping a segment is none. All methods are synchronous and hold no cursor.
 */
export class QueueLog {
  readonly #sql: Sql;
  #open: Segment;
  #closed: Segment[];
  #nextSeq: number;
  #lastCommittedAtMs: number;
  #insertedBytes = 0;

  constructor(sql: Sql, nowMs: number) {
    this.#sql = sql;
    const segments = this.#readSegments();
    this.#closed = segments.filter((segment) => segment.lastSeq !== undefined);
    this.#open =
      segments.find((segment) => segment.lastSeq === undefined) ?? this.#create(1, 1, nowMs);
    const [last] = this.#sql
      .exec(
        `SELECT seq + events AS next, committed_at_ms AS at FROM ${table(this.#open.id)} ORDER BY seq DESC LIMIT 1`,
      )
      .toArray();
    this.#nextSeq = last === undefined ? this.#open.firstSeq : Number(last["next"]);
    this.#lastCommittedAtMs = last === undefined ? this.#open.openedAtMs : Number(last["at"]);
  }

  get nextSeq(): number {
    return this.#nextSeq;
  }

  get segments(): readonly Segment[] {
    return [...this.#closed, this.#open];
  }

  get open(): Segment {
    return this.#open;
  }

  /** Bytes of lines committed since this object started. */
  get insertedBytes(): number {
    return this.#insertedBytes;
  }

  /** The newest commit time in the log; the open segment's start while it is empty. */
  get lastCommittedAtMs(): number {
    return this.#lastCommittedAtMs;
  }

  /** The commit time to stamp now: never earlier than the last one, whatever the clock does. */
  commitTime(nowMs: number): number {
    return Math.max(nowMs, this.#lastCommittedAtMs);
  }

  /**
   * Inserts one chunk: one row. Inside a transaction, follow it by {@link committed} once that
   * holds, so that a roll-back leaves no trace in memory.
   */
  insert(chunk: Chunk, seq: number, committedAtMs: number): void {
    const { compressed, stored } = storedLines(chunk.lines);
    this.#sql.exec(
      `INSERT INTO ${table(this.#open.id)}
         (seq, events, committed_at_ms, received_min_ms, received_max_ms, bytes, compressed,
          prints, users, lines)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      seq,
      chunk.events,
      committedAtMs,
      chunk.receivedMinMs,
      chunk.receivedMaxMs,
      chunk.lines.byteLength,
      compressed,
      toColumn(chunk.prints),
      toColumn(chunk.users),
      toColumn(stored),
    );
  }

  /** Takes over what a transaction inserted. */
  committed(nextSeq: number, committedAtMs: number, bytes: number): void {
    this.#insertedBytes += bytes;
    this.#nextSeq = nextSeq;
    this.#lastCommittedAtMs = committedAtMs;
  }

  /**
   * Chunks from `fromSeq` on, oldest first, of one segment: at least one if there is any, then as
   * many as stay within `bytesMax` of lines.
   */
  read(fromSeq: number, bytesMax: number): readonly StoredChunk[] {
    for (const { id, lastSeq } of this.segments) {
      if (lastSeq !== undefined && lastSeq < fromSeq) continue;
      const sizes = this.#sql
        .exec(
          `SELECT seq, bytes FROM ${table(id)} WHERE seq >= ? ORDER BY seq LIMIT ?`,
          fromSeq,
          READ_CHUNKS_MAX,
        )
        .toArray();
      const last = lastWithin(sizes, bytesMax);
      if (last === undefined) continue;
      return this.#sql
        .exec(
          `SELECT seq, events, committed_at_ms, received_min_ms, received_max_ms, compressed, users, lines
             FROM ${table(id)} WHERE seq BETWEEN ? AND ? ORDER BY seq`,
          fromSeq,
          last,
        )
        .toArray()
        .map(readChunk);
    }
    return [];
  }

  /** Fingerprints of one segment, chunk by chunk, to rebuild or pack what is remembered. */
  prints(
    segment: Segment,
  ): readonly { readonly committedAtMs: number; readonly prints: Uint8Array }[] {
    return this.#sql
      .exec(`SELECT committed_at_ms, prints FROM ${table(segment.id)} ORDER BY seq`)
      .toArray()
      .map((row) => ({
        committedAtMs: Number(row["committed_at_ms"]),
        prints: readColumn(row["prints"]),
      }));
  }

  /** What waits from `seq` on: events, bytes, and when the oldest was committed. */
  waiting(fromSeq: number): { events: number; bytes: number; oldestAtMs: number | undefined } {
    let events = 0;
    let bytes = 0;
    let oldestAtMs: number | undefined;
    for (const segment of this.segments) {
      if (segment.lastSeq !== undefined && segment.lastSeq < fromSeq) continue;
      const [row] = this.#sql
        .exec(
          `SELECT COALESCE(SUM(events), 0) AS events, COALESCE(SUM(bytes), 0) AS bytes, MIN(committed_at_ms) AS oldest
             FROM ${table(segment.id)} WHERE seq >= ?`,
          fromSeq,
        )
        .toArray();
      events += Number(row?.["events"] ?? 0);
      bytes += Number(row?.["bytes"] ?? 0);
      const oldest = row?.["oldest"];
      if (typeof oldest === "number") oldestAtMs ??= oldest;
    }
    return { events, bytes, oldestAtMs };
  }

  /** Closes the open segment and opens the next. Call inside a transaction; then {@link reload}. */
  rotate(nowMs: number): void {
    this.#sql.exec(
      "UPDATE segments SET last_seq = ? WHERE id = ?",
      this.#nextSeq - 1,
      this.#open.id,
    );
    // The next segment begins no earlier than this one ended: after a restart, commit times go on from there.
    this.#create(this.#open.id + 1, this.#nextSeq, this.commitTime(nowMs));
  }

  /** Notes that the segment's fingerprints are packed. */
  markPacked(id: number): void {
    this.#sql.exec("UPDATE segments SET packed = 1 WHERE id = ?", id);
  }

  /** Drops a segment and all its chunks: no row is counted for them. */
  drop(id: number): void {
    this.#sql.exec(`DROP TABLE IF EXISTS ${table(id)}`);
    this.#sql.exec("DELETE FROM segments WHERE id = ?", id);
  }

  /** Reads the list of segments again, after a transaction changed it or was rolled back. */
  reload(): void {
    const segments = this.#readSegments();
    this.#closed = segments.filter((segment) => segment.lastSeq !== undefined);
    this.#open = segments.find((segment) => segment.lastSeq === undefined) ?? this.#open;
  }

  #create(id: number, firstSeq: number, nowMs: number): Segment {
    this.#sql.exec(
      `CREATE TABLE ${table(id)} (
         seq             INTEGER PRIMARY KEY, -- number of the chunk's first event
         events          INTEGER NOT NULL,
         committed_at_ms INTEGER NOT NULL,    -- monotone, whatever the clock does
         received_min_ms INTEGER NOT NULL,
         received_max_ms INTEGER NOT NULL,
         bytes           INTEGER NOT NULL,    -- of the NDJSON
         compressed      INTEGER NOT NULL,    -- 1 when lines is a deflated piece
         prints          BLOB NOT NULL,       -- 16 bytes an event
         users           BLOB NOT NULL,       -- 3 x 8 bytes an event
         lines           BLOB NOT NULL        -- NDJSON; last, so that heads are read without it
       ) STRICT`,
    );
    this.#sql.exec(
      "INSERT INTO segments (id, first_seq, opened_at_ms, packed) VALUES (?, ?, ?, 0)",
      id,
      firstSeq,
      nowMs,
    );
    return { id, firstSeq, openedAtMs: nowMs, lastSeq: undefined, packed: false };
  }

  #readSegments(): Segment[] {
    return this.#sql
      .exec("SELECT id, first_seq, last_seq, opened_at_ms, packed FROM segments ORDER BY id")
      .toArray()
      .map((row) => ({
        id: Number(row["id"]),
        firstSeq: Number(row["first_seq"]),
        openedAtMs: Number(row["opened_at_ms"]),
        lastSeq: row["last_seq"] === null ? undefined : Number(row["last_seq"]),
        packed: row["packed"] === 1,
      }));
  }
}

/** The name of a segment's table. `id` is a number of ours, so it may stand in the SQL text. */
function table(id: number): string {
  return `log_${id}`;
}

/** The last row of `sizes` up to which the bytes stay within `bytesMax`, and at least the first. */
function lastWithin(
  sizes: readonly Record<string, unknown>[],
  bytesMax: number,
): number | undefined {
  let bytes = 0;
  let last: number | undefined;
  for (const row of sizes) {
    bytes += Number(row["bytes"]);
    if (last !== undefined && bytes > bytesMax) break;
    last = Number(row["seq"]);
  }
  return last;
}

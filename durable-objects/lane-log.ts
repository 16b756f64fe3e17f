import { inflatePiece } from "../src/archive/deflate.ts";
import { monthOf, parseKey } from "../src/archive/key.ts";
import { readLines } from "../src/archive/read-lines.ts";
import { newEntry, type LaneEntry } from "../src/deliver/lane/entry.ts";
import { ReadAccount } from "../src/deliver/lane/read-account.ts";
import type { BlockSize, LaneLog, LogPeek } from "../src/deliver/lane/run-lane.ts";
import type { LaneRef } from "../src/region/object-names.ts";
import type { FilePlace } from "../src/region/own-bucket.ts";
import type { Bucket } from "../src/s3/bucket.ts";
import type { LogPiece } from "../src/services.ts";
import type { Reach } from "./reach.ts";

/** When a queue or a bucket that did not answer is asked again. */
const AGAIN_MS = 5_000;

const NEWLINE = 10;
const decoder = new TextDecoder();

export type LaneReaderDeps = {
  readonly reach: Reach;
  readonly ref: LaneRef;
  /** The bucket that a file stands in, also one of the customer's. */
  readonly bucketOf: (file: FilePlace) => Promise<Pick<Bucket, "get">>;
  /** The last event that the lane has settled, as its storage says. */
  readonly position: () => number;
  /** Told that the log ends before the position: it was set back to an earlier state. */
  readonly rewind: (seq: number) => void;
  /** Told of events that nothing holds any more. */
  readonly lost: (events: number) => void;
};

type FileReading = {
  readonly lines: AsyncGenerator<readonly Uint8Array[]>;
  readonly lastSeq: number;
};

/**
 * The events behind a lane's position: from its queue's log, and where that was dropped already from
 * the archive files that the queue names. Keeps what was read and not settled yet, in memory.
 */
export class LaneReader implements LaneLog {
  readonly #deps: LaneReaderDeps;
  #read: LaneEntry[] = [];
  #file: FileReading | undefined;
  /** The number that the next line has. */
  #nextSeq: number | undefined;
  /** Whether all that was read is of the queue's log, where any part of it can be read again. */
  #isOfLog = false;
  readonly #account = new ReadAccount();

  constructor(deps: LaneReaderDeps) {
    this.#deps = deps;
  }

  async peek(max: BlockSize): Promise<LogPeek> {
    try {
      const isEnd = await this.#fill(max);
      const entries = this.#within(max);
      const last = entries.at(-1);
      if (last === undefined) return { kind: "none" };
      const isAll = entries.length === this.#read.length;
      if (!isAll && this.isCrowded && this.#isOfLog) this.#keepOnly(entries, last.seq);
      return { kind: "events", entries, lastSeq: last.seq, isEnd: isEnd && isAll };
    } catch {
      // Whatever could not be read is asked for anew, from the position.
      await this.forget();
      return { kind: "unavailable", againAtMs: Date.now() + AGAIN_MS };
    }
  }

  /** Whether the lanes of the isolate hold so much that this one should take smaller steps. */
  get isCrowded(): boolean {
    return this.#account.isCrowded;
  }

  advance(seq: number): void {
    this.#read = this.#read.filter((entry) => entry.seq > seq);
    this.#account.hold(charsOf(this.#read));
  }

  /** Lets go of what was read; the next peek begins at the position again. */
  async forget(): Promise<void> {
    this.#read = [];
    this.#account.hold(0);
    this.#nextSeq = undefined;
    const file = this.#file;
    this.#file = undefined;
    await file?.lines.return(undefined);
  }

  /** Reads until a block is full; whether there is no more now. */
  async #fill(max: BlockSize): Promise<boolean> {
    while (!this.#isFull(max)) {
      if (this.#file !== undefined) await this.#readFile(this.#file);
      else if (!(await this.#readQueue())) return true;
      this.#account.hold(charsOf(this.#read));
    }
    return false;
  }

  /** Lets go of what is read ahead of a block; the queue gives it again. */
  #keepOnly(entries: readonly LaneEntry[], lastSeq: number): void {
    this.#read = [...entries];
    this.#nextSeq = lastSeq + 1;
    this.#account.hold(charsOf(entries));
  }

  #isFull(max: BlockSize): boolean {
    return this.#read.length >= max.events || charsOf(this.#read) >= max.bytes;
  }

  #within(max: BlockSize): readonly LaneEntry[] {
    const entries: LaneEntry[] = [];
    let chars = 0;
    for (const entry of this.#read) {
      chars += entry.line.length;
      if (entries.length >= max.events || (entries.length > 0 && chars > max.bytes)) break;
      entries.push(entry);
    }
    return entries;
  }

  /** Asks the queue for more; false when it has none. */
  async #readQueue(): Promise<boolean> {
    const { reach, ref, position, lost } = this.#deps;
    const { destinationId, sourceId, ingestRegion, shard } = ref;
    const fromSeq = this.#nextSeq ?? position() + 1;
    // What is in memory is not settled: only the position says what the log may forget.
    const piece = await reach
      .queue(sourceId, { ingestRegion, shard })
      .readLog({ destinationId, fromSeq, passedSeq: position() });
    if (piece.kind !== "off" && piece.fromSeq <= position()) this.#deps.rewind(piece.fromSeq - 1);
    switch (piece.kind) {
      case "off":
        return false;
      case "end":
        this.#nextSeq = piece.fromSeq;
        return false;
      case "chunks":
        this.#take(piece);
        return true;
      case "file":
        await this.#openFile(piece);
        return true;
      case "gone":
        lost(piece.nextSeq - piece.fromSeq);
        this.#nextSeq = piece.nextSeq;
        return true;
    }
  }

  #take({ fromSeq, chunks }: Extract<LogPiece, { kind: "chunks" }>): void {
    if (this.#read.length === 0) this.#isOfLog = true;
    for (const { seq, isCompressed, lines } of chunks) {
      let at = seq;
      for (const line of splitLines(isCompressed ? inflatePiece(lines) : lines)) {
        if (at >= fromSeq) this.#read.push(newEntry(at, decoder.decode(line)));
        at += 1;
      }
      this.#nextSeq = at;
    }
  }

  async #openFile({ fromSeq, file }: Extract<LogPiece, { kind: "file" }>): Promise<void> {
    const { reach, ref, bucketOf, lost } = this.#deps;
    const { key, firstSeq, lastSeq } = file;
    const log = parseKey(key);
    if (log === undefined) throw new Error("Cannot read a file: its key is none of ours");
    const held = await reach.archiveMonth(ref.sourceId, monthOf(log.dayMs)).find(key);
    const object = held === undefined ? undefined : await (await bucketOf(held)).get(key);
    if (object !== undefined && !object.ok && object.error.kind !== "not-found") {
      throw new Error("Cannot read a file: its bucket does not answer");
    }
    if (held === undefined || object === undefined || !object.ok) {
      lost(lastSeq - fromSeq + 1);
      this.#nextSeq = lastSeq + 1;
      return;
    }
    // A file that was rewritten since has fewer lines than numbers; it is read from its beginning.
    const isWhole = held.events === lastSeq - firstSeq + 1;
    this.#file = { lines: readLines(object.value.body), lastSeq };
    this.#nextSeq = firstSeq;
    if (isWhole) await this.#skipTo(fromSeq);
  }

  async #skipTo(fromSeq: number): Promise<void> {
    while (this.#file !== undefined && (this.#nextSeq ?? 0) < fromSeq) {
      await this.#readFile(this.#file);
      this.advance(fromSeq - 1);
    }
  }

  async #readFile(file: FileReading): Promise<void> {
    this.#isOfLog = false;
    const next = await file.lines.next();
    if (next.done === true) {
      this.#file = undefined;
      this.#nextSeq = file.lastSeq + 1;
      return;
    }
    for (const line of next.value) {
      const seq = Math.min(this.#nextSeq ?? 1, file.lastSeq);
      this.#read.push(newEntry(seq, decoder.decode(line)));
      this.#nextSeq = seq + 1;
    }
  }
}

function charsOf(entries: readonly LaneEntry[]): number {
  return entries.reduce((sum, { line }) => sum + line.length, 0);
}

function* splitLines(bytes: Uint8Array): Generator<Uint8Array> {
  let from = 0;
  while (from < bytes.byteLength) {
    const end = bytes.indexOf(NEWLINE, from);
    const to = end < 0 ? bytes.byteLength : end;
    if (to > from) yield bytes.subarray(from, to);
    from = to + 1;
  }
}

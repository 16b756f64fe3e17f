import { FileFaultError } from "../archive/read-lines.ts";
import type { BlockSize, LaneLog, LogPeek } from "../deliver/lane/run-lane.ts";
import { newEntry, type LaneEntry } from "../deliver/lane/entry.ts";
import type { ReplayFile, ReplayFiles } from "./replay-files.ts";

/** A file's lines, or why there are none now. */
export type OpenedFile =
  | { readonly kind: "open"; readonly lines: AsyncGenerator<readonly string[]> }
  | { readonly kind: "gone" }
  | { readonly kind: "unavailable"; readonly code: string };

export type ReplayLogDeps = {
  readonly files: ReplayFiles;
  /** The last line that is settled. */
  readonly position: () => number;
  /** Has everything up to that line settled: what follows the last event that was sent was not asked for. */
  readonly pass: (seq: number) => void;
  /** Asked between two files; a time when the replay does not have its turn. */
  readonly mayOpen: () => Promise<{ readonly againAtMs: number } | undefined>;
  /** The file after those that were read, in the order in which they were recorded. */
  readonly next: () => Promise<Omit<ReplayFile, "firstSeq"> | undefined>;
  readonly open: (file: ReplayFile) => Promise<OpenedFile>;
  /** What a line says, if it is an event that was asked for. */
  readonly select: (line: string) => LaneEntry["event"];
  /** Told of what keeps a file, or its rest, from being read; `undefined` when nothing does. */
  readonly noteError: (code: string | undefined) => void;
  readonly isOver: () => boolean;
  readonly now: () => number;
  /** Events a second. */
  readonly rate: number | undefined;
};

/** When a bucket that did not answer is asked again. */
const AGAIN_MS = 5_000;

/** Of one block when a rate is set: short enough that the rate holds within each second. */
const RATE_BLOCK_MS = 250;

type Reading = {
  readonly lines: AsyncGenerator<readonly string[]>;
  readonly file: ReplayFile;
};

/**
 * The events of a replay as a lane's log: lines of archive files, numbered through all files. A block
 * never has events of two files, so that between two files nothing is held but what waits for another
 * attempt.
 */
export class ReplayLog implements LaneLog {
  readonly #deps: ReplayLogDeps;
  #reading: Reading | undefined;
  #read: LaneEntry[] = [];
  /** The last line that was read. */
  #lineSeq = 0;
  #isExhausted = false;
  #nextAtMs = 0;

  constructor(deps: ReplayLogDeps) {
    this.#deps = deps;
  }

  /** Whether every file has been read to its end. */
  get isExhausted(): boolean {
    return this.#isExhausted;
  }

  async peek(max: BlockSize): Promise<LogPeek> {
    const { now, rate } = this.#deps;
    if (rate !== undefined && now() < this.#nextAtMs) {
      return { kind: "unavailable", againAtMs: this.#nextAtMs };
    }
    const events = rate === undefined ? max.events : rateBlock(rate, max.events);
    const size = { events, bytes: max.bytes };
    try {
      return await this.#peek(size);
    } catch (error) {
      return this.#faulty(error);
    }
  }

  advance(seq: number): void {
    const before = this.#read.length;
    this.#read = this.#read.filter((entry) => entry.seq > seq);
    const { now, rate } = this.#deps;
    if (rate === undefined) return;
    const sent = before - this.#read.length;
    // A pause longer than a block is not caught up with.
    const fromMs = Math.max(this.#nextAtMs, now() - RATE_BLOCK_MS);
    this.#nextAtMs = fromMs + (sent * 1000) / rate;
  }

  /** Lets go of the file in hand; the next peek begins at the position again. */
  async forget(): Promise<void> {
    this.#read = [];
    this.#isExhausted = false;
    const reading = this.#reading;
    this.#reading = undefined;
    await reading?.lines.return(undefined).catch(() => undefined);
  }

  async #peek(max: BlockSize): Promise<LogPeek> {
    const { isOver, now } = this.#deps;
    for (;;) {
      if (this.#reading !== undefined) {
        const isEnd = await this.#fill(this.#reading, max);
        if (this.#read.length > 0) return this.#block(max);
        if (isEnd) this.#finish(this.#reading.file);
      }
      if (isOver()) return { kind: "unavailable", againAtMs: now() };
      if (this.#reading !== undefined) continue;
      const stop = await this.#openNext();
      if (stop !== undefined) return stop;
    }
  }

  /** Opens the file in hand anew, or the next one; what to answer when there is none now. */
  async #openNext(): Promise<LogPeek | undefined> {
    const { files, mayOpen, next, open, noteError, now } = this.#deps;
    let file = files.current();
    if (file === undefined) {
      const turn = await mayOpen();
      if (turn !== undefined) return { kind: "unavailable", ...turn };
      const found = await next();
      if (found === undefined) {
        this.#isExhausted = true;
        return { kind: "none" };
      }
      file = files.begin(found, this.#deps.position() + 1);
    }
    const opened = await open(file);
    if (opened.kind === "unavailable") {
      noteError(opened.code);
      return { kind: "unavailable", againAtMs: now() + AGAIN_MS };
    }
    noteError(opened.kind === "gone" ? "file-gone" : undefined);
    this.#lineSeq = file.firstSeq - 1;
    if (opened.kind === "gone") this.#finish(file);
    else this.#reading = { lines: opened.lines, file };
    return undefined;
  }

  /** Reads until a block is full; whether the file is at its end. */
  async #fill({ lines }: Reading, max: BlockSize): Promise<boolean> {
    const { select, position, isOver } = this.#deps;
    const passed = position();
    let chars = this.#read.reduce((sum, { line }) => sum + line.length, 0);
    while (this.#read.length < max.events && chars < max.bytes) {
      if (this.#read.length === 0 && isOver()) return false;
      const next = await lines.next();
      if (next.done === true) return true;
      for (const line of next.value) {
        this.#lineSeq += 1;
        if (this.#lineSeq <= passed) continue;
        const event = select(line);
        if (event === undefined) continue;
        this.#read.push(newEntry(this.#lineSeq, line, event));
        chars += line.length;
      }
    }
    return false;
  }

  #block(max: BlockSize): LogPeek {
    const entries: LaneEntry[] = [];
    let chars = 0;
    for (const entry of this.#read) {
      chars += entry.line.length;
      if (entries.length >= max.events || (entries.length > 0 && chars > max.bytes)) break;
      entries.push(entry);
    }
    const isAll = entries.length === this.#read.length;
    const lastSeq = isAll ? this.#lineSeq : (entries.at(-1)?.seq ?? this.#lineSeq);
    return { kind: "events", entries, lastSeq, isEnd: false };
  }

  #finish(file: ReplayFile): void {
    const { files, pass, position } = this.#deps;
    this.#reading = undefined;
    pass(Math.max(position(), this.#lineSeq));
    files.finish(file);
  }

  /** A connection that broke is made anew; the rest of a damaged file is left out. */
  async #faulty(error: unknown): Promise<LogPeek> {
    const { noteError, now } = this.#deps;
    const fault = error instanceof FileFaultError ? error.fault : "internal";
    noteError(fault);
    const file = this.#reading?.file;
    const isDamaged = fault === "not-gzip" || fault === "line-too-long";
    if (isDamaged && file !== undefined) {
      if (this.#read.length > 0) return this.#block({ events: Infinity, bytes: Infinity });
      this.#finish(file);
      return { kind: "unavailable", againAtMs: now() };
    }
    await this.forget();
    return { kind: "unavailable", againAtMs: now() + AGAIN_MS };
  }
}

function rateBlock(rate: number, max: number): number {
  return Math.min(max, Math.max(1, Math.floor((rate * RATE_BLOCK_MS) / 1000)));
}

import { FileBuilder, type BuiltFile } from "../../archive/file-builder.ts";
import { dayOf } from "../../archive/key.ts";
import { concatBytes } from "../../core/bytes.ts";
import { freeWhole } from "../../core/free-bytes.ts";
import type { FileTable, SealedFile } from "./file-table.ts";
import type { StoredChunk } from "./chunk-row.ts";
import type { QueueLog } from "./queue-log.ts";
import { fits, type SealRule } from "./seal.ts";

/** A range of the log, compressed, and the row that describes it. */
export type BuiltRange = {
  readonly sealed: SealedFile;
  readonly built: BuiltFile;
  /** The user hashes of its events, duplicates and absent ones included. */
  readonly users: Uint8Array;
};

type RangeDeps = {
  readonly log: QueueLog;
  readonly files: FileTable;
  readonly rule: SealRule;
  keyFor(dayMs: number, firstSeq: number, lastSeq: number): string;
};

/** Bytes of lines read and compressed at a time; between two reads other requests get their turn. */
const READ_BYTES = 1_000_000;

/**
 * Compresses the oldest range that waits, or again the range that was sealed before a restart.
 *
 * @returns `undefined` when nothing waits.
 * @throws Error when a sealed range does not read as it did when it was sealed.
 */
export async function buildRange(
  deps: RangeDeps,
  interrupted: SealedFile | undefined,
): Promise<BuiltRange | undefined> {
  const firstSeq = interrupted?.firstSeq ?? deps.files.archivedSeq() + 1;
  const growing = new GrowingRange(firstSeq, deps.rule, interrupted?.lastSeq);
  for (;;) {
    const page = deps.log.read(growing.nextSeq, READ_BYTES);
    if (page.length === 0 || !growing.take(page)) break;
    await nextTurn();
  }
  if (growing.events === 0) return undefined;
  const built = growing.finish();
  const sealed: SealedFile = {
    firstSeq,
    lastSeq: growing.nextSeq - 1,
    key: interrupted?.key ?? deps.keyFor(growing.dayMs, firstSeq, growing.nextSeq - 1),
    dayMs: growing.dayMs,
    events: growing.events,
    rawBytes: built.rawBytes,
    ndjsonSha256: built.ndjsonSha256,
    receivedMinMs: growing.receivedMinMs,
    receivedMaxMs: growing.receivedMaxMs,
    committedMinMs: growing.committedMinMs,
    committedMaxMs: growing.committedMaxMs,
    tried: interrupted?.tried ?? [],
  };
  if (interrupted !== undefined && interrupted.ndjsonSha256 !== sealed.ndjsonSha256) {
    throw new Error("Cannot seal: the range reads differently from when it was sealed");
  }
  return { sealed, built, users: growing.users() };
}

/** Lets the object serve its requests before the next page. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

class GrowingRange {
  readonly #builder = new FileBuilder();
  readonly #rule: SealRule;
  /** Set when the range is known already: it ends there, whatever the rule says. */
  readonly #lastSeq: number | undefined;
  readonly #users: Uint8Array[] = [];
  nextSeq: number;
  events = 0;
  receivedMinMs = Number.POSITIVE_INFINITY;
  receivedMaxMs = 0;
  committedMinMs = 0;
  committedMaxMs = 0;

  constructor(firstSeq: number, rule: SealRule, lastSeq: number | undefined) {
    this.nextSeq = firstSeq;
    this.#rule = rule;
    this.#lastSeq = lastSeq;
  }

  /** Takes the chunks that belong to the range; false once one did not. */
  take(page: readonly StoredChunk[]): boolean {
    for (const chunk of page) {
      if (!this.#belongs(chunk)) return false;
      if (this.events === 0) this.committedMinMs = chunk.committedAtMs;
      this.#builder.add(chunk.lines, chunk.piece);
      if (chunk.piece !== undefined) freeWhole(chunk.lines);
      this.#users.push(chunk.users);
      this.events += chunk.events;
      this.committedMaxMs = chunk.committedAtMs;
      this.nextSeq = chunk.seq + chunk.events;
      this.receivedMinMs = Math.min(this.receivedMinMs, chunk.receivedMinMs);
      this.receivedMaxMs = Math.max(this.receivedMaxMs, chunk.receivedMaxMs);
    }
    return true;
  }

  get dayMs(): number {
    return dayOf(this.committedMinMs);
  }

  finish(): BuiltFile {
    return this.#builder.finish();
  }

  users(): Uint8Array {
    return concatBytes(this.#users);
  }

  #belongs(chunk: StoredChunk): boolean {
    if (this.#lastSeq !== undefined) return chunk.seq <= this.#lastSeq;
    const { rawBytes, gzipBytes } = this.#builder;
    return fits(chunk, { dayMs: this.dayMs, events: this.events, rawBytes, gzipBytes }, this.#rule);
  }
}

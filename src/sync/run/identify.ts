import { randomBase32, type RandomBytes } from "../../core/base32.ts";
import { SourceFailure } from "../source/source.ts";
import type { Accepted, DiffPiece, InvalidRow } from "../engine/change.ts";
import { DiffFile } from "./diff-files.ts";
import { logOfInvalid } from "./log-records.ts";
import { SAMPLES_MAX, type Diff, type Opened, type RunStorage } from "./ports.ts";
import type { RunCounts, RunKind, SyncRun } from "./run.ts";
import { stepBegan, stepGrew } from "./steps.ts";

/** Characters of a diff file's own name: 130 random bits, so that nobody can guess one. */
const NAME_CHARS = 26;

/**
 * For so long at least rows are taken once they come, whatever the slice has left, and twice as long as
 * the first was waited for: a server that sorts for minutes before its first row would otherwise do it
 * again for each handful of them.
 */
const READ_MS_MIN = 30_000;
const READ_TIMES_WAITED = 2;
/** With the waiting before, an alarm has 15 minutes in all. */
const READ_MS_MAX = 300_000;

/** How identifying and unloading stopped. */
export type IdentifyEnd =
  | { readonly kind: "done" }
  /** The slice is over, or the run is to stop; all that was found until now is unloaded. */
  | { readonly kind: "again" }
  | { readonly kind: "source-failed"; readonly failure: SourceFailure }
  | { readonly kind: "bucket-failed"; readonly code: string; readonly isPassing: boolean };

export type IdentifyDeps = {
  readonly storage: RunStorage;
  readonly opened: Opened;
  readonly diff: Diff;
  readonly signal: AbortSignal;
  readonly random: RandomBytes;
  readonly now: () => number;
  readonly isOver: () => boolean;
  /** Where diff files of this run stand. */
  readonly prefix: string;
  readonly kind: RunKind;
  /** Characters of a diff file; tests take fewer. */
  readonly fileChars?: number | undefined;
};

/**
 * Finds what became different and writes it to diff files. Files, counts and the engine's place move
 * together, so that after a crash nothing is missing and nothing stands twice. An engine without
 * places begins anew then, and whoever calls has removed what it had written.
 */
export class IdentifyPass {
  readonly #deps: IdentifyDeps;
  readonly #file: DiffFile;
  #counts: RunCounts;
  #rowsRead = 0;
  #bytesRead = 0;
  #invalid: InvalidRow[] = [];
  #settled: Accepted[] = [];
  readonly #startedAtMs: number;
  #firstAtMs: number | undefined;

  constructor(deps: IdentifyDeps) {
    this.#deps = deps;
    this.#file = new DiffFile(deps.fileChars);
    this.#counts = deps.storage.run().counts;
    this.#startedAtMs = deps.now();
  }

  async run(): Promise<IdentifyEnd> {
    const { diff, signal, kind } = this.#deps;
    const { inserts, updates, deletes } = this.#counts;
    // A test of one record has it already, and died before it could say so.
    if (kind === "test" && inserts + updates + deletes > 0) return { kind: "done" };
    let position: string | undefined;
    try {
      for await (const piece of diff.pieces(signal, (kind, why) => this.#switched({ kind, why }))) {
        this.#take(piece);
        position = piece.position;
        if (kind === "test" && this.#file.records > 0) break;
        const mayStop = position !== undefined && this.#isOver();
        if (!mayStop && !this.#file.isFull) continue;
        const kept = await this.#keep(position);
        if (kept !== undefined) return kept;
        if (mayStop) return { kind: "again" };
      }
    } catch (error) {
      if (error instanceof SourceFailure) return { kind: "source-failed", failure: error };
      throw error;
    }
    return (await this.#keep(position)) ?? { kind: "done" };
  }

  #isOver(): boolean {
    const { isOver, now, signal } = this.#deps;
    this.#firstAtMs ??= now();
    const waitedMs = this.#firstAtMs - this.#startedAtMs;
    const readMs = Math.min(READ_MS_MAX, Math.max(READ_MS_MIN, READ_TIMES_WAITED * waitedMs));
    return isOver() && (signal.aborted || now() - this.#firstAtMs >= readMs);
  }

  #switched(engine: SyncRun["engine"]): void {
    const { storage } = this.#deps;
    storage.transaction(() => storage.save({ ...storage.run(), engine }));
  }

  #take({ changes, settled, invalid, invalidUnread, read }: DiffPiece): void {
    const { kind } = this.#deps;
    const counts = { insert: 0, update: 0, delete: 0 };
    const taken = kind === "test" ? changes.slice(0, 1 - this.#file.records) : changes;
    for (const change of taken) {
      // A dry run only counts.
      if (kind !== "dry_run") this.#file.add(change);
      counts[change.kind] += 1;
    }
    if (kind === "sync") this.#settled.push(...settled);
    this.#counts = {
      ...this.#counts,
      sourceRows: this.#counts.sourceRows + read.rows,
      inserts: this.#counts.inserts + counts.insert,
      updates: this.#counts.updates + counts.update,
      deletes: this.#counts.deletes + counts.delete,
      invalid: this.#counts.invalid + invalid.length + invalidUnread,
    };
    this.#rowsRead += read.rows;
    this.#bytesRead += read.bytes;
    for (const row of invalid) if (this.#invalid.length < SAMPLES_MAX) this.#invalid.push(row);
  }

  /** Unloads what was found and records it with the place it was found at. */
  async #keep(position: string | undefined): Promise<IdentifyEnd | undefined> {
    const { storage, opened, random, now, prefix } = this.#deps;
    const invalid = await this.#takeInvalid();
    const written =
      this.#file.records === 0 ? undefined : { ...this.#file.take(), atMs: now(), ordinal: 0 };
    let ordinal: number | undefined;
    if (written !== undefined) {
      const key = `${prefix}${randomBase32(NAME_CHARS, random)}.ndjson.gz`;
      ordinal = storage.transaction(() => storage.addFile(key));
      const put = await opened.store.put(key, written.body);
      if (!put.ok) return { kind: "bucket-failed", ...put.error };
    }
    storage.transaction(() => {
      if (ordinal !== undefined && written !== undefined) {
        storage.wroteFile(ordinal, written.records);
      }
      const nowMs = now();
      const run = storage.run();
      const steps = {
        ...run.steps,
        identify: stepGrew(run.steps.identify, this.#rowsRead, this.#bytesRead),
        unload:
          written === undefined
            ? run.steps.unload
            : stepGrew(
                stepBegan(run.steps.unload, written.atMs),
                written.records,
                written.body.byteLength,
              ),
      };
      const saved: SyncRun = { ...run, steps, counts: this.#counts };
      storage.save(saved);
      storage.accept(this.#settled);
      this.#keepInvalid(invalid, nowMs);
      if (position !== undefined) {
        storage.setProgress({ phase: "identify", position, failures: 0 });
      }
    });
    this.#settled = [];
    this.#rowsRead = 0;
    this.#bytesRead = 0;
    return undefined;
  }

  /** Those that may be shown: of a suppressed user nothing is. */
  async #takeInvalid(): Promise<readonly InvalidRow[]> {
    const rows = this.#invalid;
    this.#invalid = [];
    if (rows.length === 0) return rows;
    const suppressed = await this.#deps.opened.suppressed(rows.map(({ row }) => row));
    return rows.filter((_, at) => suppressed[at] !== true);
  }

  #keepInvalid(rows: readonly InvalidRow[], nowMs: number): void {
    if (rows.length === 0) return;
    const { storage, opened } = this.#deps;
    const records = rows.map((row) => logOfInvalid(opened, row, nowMs));
    storage.addLog(records);
    const room = Math.max(0, SAMPLES_MAX - storage.samples("invalid"));
    storage.addSamples(records.slice(0, room).map((record) => ({ kind: "invalid", record })));
  }
}

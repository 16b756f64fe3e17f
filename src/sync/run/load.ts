import type { Change } from "../engine/change.ts";
import type { RunMeta } from "../mapping/mapping.ts";
import type { TargetOperation, TargetRecord } from "../target/target.ts";
import { batchesOf, operationOf, type Item } from "./batches.ts";
import { isDecided } from "./decided.ts";
import {
  SAMPLES_MAX,
  type DiffFileRow,
  type Opened,
  type RunStorage,
  type Sample,
} from "./ports.ts";
import { sendBatch, type BatchEnd } from "./send-batch.ts";
import { stepGrew } from "./steps.ts";
import { added, keptKeyCells, Wave } from "./wave.ts";

/** Records in hand at once: those of the calls that run together. */
const WAVE_RECORDS_MAX = 10_000;

const SECOND_MS = 1_000;

/** Of a mapping's contract in idempotency keys: 64 bits tell any two apart. */
const CONTRACT_CHARS = 16;

/** How loading stopped. */
export type LoadEnd =
  | { readonly kind: "done" }
  | { readonly kind: "again" }
  /** The destination wants to be left alone for a while. */
  | { readonly kind: "later"; readonly code: string; readonly waitMs: number }
  | { readonly kind: "failed"; readonly code: string; readonly message: string }
  | { readonly kind: "bucket-failed"; readonly code: string; readonly isPassing: boolean };

export type LoadDeps = {
  readonly storage: RunStorage;
  readonly opened: Opened;
  readonly meta: RunMeta;
  readonly signal: AbortSignal;
  readonly random: () => number;
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  readonly isOver: () => boolean;
};

/**
 * Sends what diff files hold, in waves of a few calls at once. What a wave came to is recorded in one
 * transaction: what was accepted, how far the file is, counts and report. So a crash sends at most one
 * wave again, under the same idempotency keys.
 */
export class LoadPass {
  readonly #deps: LoadDeps;
  readonly #lastCompleted: number;

  constructor(deps: LoadDeps) {
    this.#deps = deps;
    this.#lastCompleted = deps.storage.lastCompleted();
  }

  async run(): Promise<LoadEnd> {
    const { storage, opened, isOver } = this.#deps;
    for (let file = storage.nextFile(); file !== undefined; file = storage.nextFile()) {
      const end = await this.#loadFile(file);
      if (end !== undefined) return end;
      const removed = await opened.store.remove(file.key);
      if (!removed.ok) return { kind: "bucket-failed", ...removed.error };
      storage.transaction(() => storage.forgetFile(file.ordinal));
      if (isOver()) return { kind: "again" };
    }
    return this.#finish();
  }

  async #finish(): Promise<LoadEnd> {
    const { opened, meta } = this.#deps;
    const { object } = opened.sync.destination;
    const finished = await opened.target.finish?.({ ...meta, object });
    if (finished === undefined || finished.kind === "answered") return { kind: "done" };
    if (finished.kind === "retry") {
      return { kind: "later", code: finished.code, waitMs: finished.retryAfterMs ?? SECOND_MS };
    }
    const message = finished.kind === "refused" ? finished.reason : finished.message;
    return { kind: "failed", code: "finish_refused", message };
  }

  async #loadFile(file: DiffFileRow): Promise<LoadEnd | undefined> {
    const { opened, isOver, signal } = this.#deps;
    // All of it is decided, and whoever was to forget it may have removed it already.
    if (file.place >= file.records) return undefined;
    const read = await opened.store.read(file.key, file.place);
    if (!read.ok) return { kind: "bucket-failed", ...read.error };
    const changes = read.value;
    const { records, calls } = opened.target.limits;
    const size = Math.max(1, Math.min(WAVE_RECORDS_MAX, records * calls));
    let decided = file.decided;
    for (let at = 0; at < changes.length; at += size) {
      const end = await this.#wave(file, file.place + at, changes.slice(at, at + size), decided);
      decided = NOTHING;
      if (end !== undefined) return end;
      const isLast = at + size >= changes.length;
      if (!isLast && (isOver() || signal.aborted)) return { kind: "again" };
    }
    return undefined;
  }

  async #wave(
    file: DiffFileRow,
    place: number,
    changes: readonly Change[],
    decided: Uint8Array,
  ): Promise<LoadEnd | undefined> {
    const startedAtMs = this.#deps.now();
    const open = changes.flatMap((change, at) => (isDecided(decided, at) ? [] : [{ change, at }]));
    const wave = new Wave(changes.length, decided, {
      keyCells: keptKeyCells(this.#deps.opened),
      isFull: this.#deps.opened.isForced || this.#deps.storage.run().fullSync !== undefined,
    });
    const items = await this.#prepare(open, wave);
    const batches = batchesOf(items, this.#deps.opened.target.limits);
    const { calls } = this.#deps.opened.target.limits;
    for (let from = 0; from < batches.length && wave.stop === undefined; from += calls) {
      const group = batches.slice(from, from + calls);
      const ends = await Promise.all(group.map((batch) => this.#send(batch)));
      group.forEach((batch, at) => wave.take(batch, ends[at] ?? NO_END));
      await this.#keepPace(group.flat().length);
    }
    this.#record(file, place, wave, { startedAtMs, endedAtMs: this.#deps.now() });
    const { stop } = wave;
    if (stop === undefined) return undefined;
    if (stop.kind === "failed") return stop;
    return { kind: "later", code: stop.code, waitMs: stop.waitMs };
  }

  /** What is to be sent; what is not is decided in the wave at once. */
  async #prepare(
    open: readonly { readonly change: Change; readonly at: number }[],
    wave: Wave,
  ): Promise<readonly Item[]> {
    const { opened, meta } = this.#deps;
    const suppressed = await opened.suppressed(open.map(({ change }) => change.row));
    const items: Item[] = [];
    for (const [index, { change, at }] of open.entries()) {
      const operation = operationOf(change.kind, opened.sync);
      const isSuppressed = suppressed[index] === true;
      // To be taken away there is what a suppressed user wants.
      if (isSuppressed && operation !== "delete" && change.kind !== "delete") {
        wave.suppress(at, change);
        continue;
      }
      const user = opened.mapper.userOf(change.row);
      const base = { at, change, operation, user, isSuppressed };
      if (isNameless(opened, change)) {
        wave.decide({ ...base, record: NO_RECORD }, { kind: "skipped" });
        continue;
      }
      const mapped = recordOf(opened, change, meta);
      if (mapped.ok) {
        const idempotencyKey = this.#idempotencyKey(change, operation);
        const record: TargetRecord = { ...mapped.value, idempotencyKey };
        items.push({ ...base, record });
      } else {
        wave.decide({ ...base, record: NO_RECORD }, { kind: "rejected", reason: mapped.error });
      }
    }
    return items;
  }

  /**
   * The same while nobody knows whether the record was taken: also in the runs after one that failed.
   * Once a run completed it is another, so that a row that becomes what it had been is no duplicate.
   */
  #idempotencyKey({ keyHash, rowHash }: Change, operation: TargetOperation): string {
    const { meta, opened } = this.#deps;
    const content = `${meta.syncId}:${keyHash}:${rowHash.toString(16)}`;
    const mapping = opened.mapper.contract.slice(0, CONTRACT_CHARS);
    return `${content}:${mapping}:${operation}:${this.#lastCompleted}`;
  }

  async #send(batch: readonly Item[]): Promise<BatchEnd> {
    const { opened, meta, signal, random, sleep } = this.#deps;
    const [first] = batch;
    if (first === undefined) return NO_END;
    return sendBatch(
      { target: opened.target, signal, random, sleep },
      {
        runId: meta.runId,
        syncId: meta.syncId,
        object: opened.sync.destination.object,
        operation: first.operation,
        identifiers: opened.mapper.identifiers,
        preserved: opened.mapper.preserved,
        records: batch.map(({ record }) => record),
      },
    );
  }

  async #keepPace(records: number): Promise<void> {
    const { recordsPerSecond } = this.#deps.opened.target.limits;
    if (recordsPerSecond === undefined) return;
    await this.#deps.sleep((records / recordsPerSecond) * SECOND_MS);
  }

  #record(
    file: DiffFileRow,
    place: number,
    wave: Wave,
    times: { readonly startedAtMs: number; readonly endedAtMs: number },
  ): void {
    const { storage } = this.#deps;
    const log = wave.log(times);
    const rejected = log.filter(({ status }) => status === "rejected");
    storage.transaction(() => {
      const run = storage.run();
      const { accepted, counts } = wave;
      storage.accept(accepted);
      storage.save({
        ...run,
        counts: added(run.counts, counts),
        steps: { ...run.steps, load: stepGrew(run.steps.load, wave.decidedNow, 0) },
      });
      const isWhole = wave.stop === undefined;
      storage.setPlace(
        file.ordinal,
        isWhole ? place + wave.size : place,
        isWhole ? NOTHING : wave.bits,
      );
      if (wave.decidedNow > 0) storage.setProgress({ phase: "load", failures: 0 });
      storage.addLog(log);
      const room =
        rejected.length === 0 ? 0 : Math.max(0, SAMPLES_MAX - storage.samples("rejected"));
      const samples = rejected
        .slice(0, room)
        .map((record): Sample => ({ kind: "rejected", record }));
      const tested =
        run.kind === "test" ? log.map((record): Sample => ({ kind: "test", record })) : [];
      storage.addSamples([...samples, ...tested]);
    });
  }
}

const NOTHING = new Uint8Array();
const NO_RECORD: TargetRecord = { identifier: "", idempotencyKey: "", fields: {} };
const NO_END: BatchEnd = { results: [], stop: undefined };

/** Whether only a hash is known of a row that is gone, because the sync was no mirror when it was sent. */
function isNameless({ mapper }: Opened, { kind, row }: Change): boolean {
  return kind === "delete" && row.length < mapper.key.length;
}

function recordOf(
  { sync, mapper }: Opened,
  { kind, row }: Change,
  meta: RunMeta,
): ReturnType<Opened["mapper"]["recordOf"]> {
  if (kind === "delete") return mapper.deletionOf(row, sync.mirrorStrategy, meta);
  return mapper.recordOf(row, meta);
}

import type { JobRef } from "../src/archive/jobs.ts";
import { readTextLines } from "../src/archive/read-text-lines.ts";
import type { Config } from "../src/config.ts";
import { readObject } from "../src/core/read-json.ts";
import { readStored } from "../src/core/stored-json.ts";
import type { Deliverer } from "../src/deliver/deliverer.ts";
import type { Destinations } from "../src/deliver/destinations.ts";
import { DeliveryCounts, type DeliveryStep } from "../src/deliver/lane/counts.ts";
import { idempotencyKey } from "../src/deliver/lane/idempotency.ts";
import { Pace } from "../src/deliver/lane/pace.ts";
import { LaneRunner, PACE_STATE, type Readiness } from "../src/deliver/lane/run-lane.ts";
import { scrubFreePages } from "../src/core/scrub-storage.ts";
import { isSelected, readdressed } from "../src/replay/select-event.ts";
import type { ReplayFile } from "../src/replay/replay-files.ts";
import { ReplayLog, type OpenedFile } from "../src/replay/replay-log.ts";
import type { ReplayCounts, ReplaySpec } from "../src/replay/replay.ts";
import type { EvidenceKeeper } from "./evidence-keeper.ts";
import { FileBuckets } from "./file-buckets.ts";
import { LaneDestination } from "./lane-destination.ts";
import type { Reach } from "./reach.ts";
import { ReplayCatalogue } from "./replay-catalogue.ts";
import type { RestoreGuard } from "./restore-guard.ts";
import { guardOf } from "./storage/deletion-number.ts";
import { ReplayFilesTable, ReplayStorage } from "./storage/replay-storage.ts";

export type ReplayWorkDeps = {
  readonly ctx: DurableObjectState;
  readonly config: Config;
  readonly reach: Reach;
  readonly spec: ReplaySpec;
  readonly destinations: Destinations;
  readonly evidence: EvidenceKeeper;
  /** Whether events are only counted. */
  readonly isDryRun: boolean;
};

/** What a slice came to. */
export type SliceEnd =
  | { readonly kind: "done" }
  | { readonly kind: "failed"; readonly error: string }
  | { readonly kind: "again"; readonly atMs: number };

/** When the turn is asked for again; the archive wakes the replay before. */
const TURN_MS = 15_000;

/** What is shown while it is not known how to deliver. */
const UNAVAILABLE = "destination_unavailable";

/** When a destination that was switched off, deleted or broken is looked at again. */
const AGAIN_MS = 5_000;

/** One pass of a replay over its files: as a lane delivers a log, with files in the place of the log. */
export class ReplayWork {
  readonly #deps: ReplayWorkDeps;
  readonly #lane: ReplayStorage;
  readonly #files: ReplayFilesTable;
  readonly #log: ReplayLog;
  readonly #runner: LaneRunner;
  readonly #counts: DeliveryCounts;
  readonly #destination: LaneDestination;
  readonly #guard: RestoreGuard;
  readonly #buckets: FileBuckets;
  readonly #catalogue: ReplayCatalogue;
  readonly #pace: Pace;
  readonly #byType: Record<string, number>;
  #untilMs = 0;
  waitsFor: JobRef | undefined;
  error: string | undefined;

  constructor(deps: ReplayWorkDeps) {
    const { ctx, spec, reach } = deps;
    this.#deps = deps;
    this.#lane = new ReplayStorage(ctx.storage);
    this.#pace = new Pace(() => Math.random(), this.#lane.state(PACE_STATE));
    this.#files = new ReplayFilesTable(ctx.storage, this.#lane);
    this.#counts = new DeliveryCounts(this.#lane.counts());
    this.#byType = readStored<Record<string, number>>(this.#lane.state("by-type") ?? "{}");
    this.#catalogue = new ReplayCatalogue(reach, spec);
    this.#buckets = new FileBuckets({
      config: deps.config,
      sourceId: spec.sourceId,
      observe: deps.evidence.observer,
      reach,
    });
    const now = (): number => Date.now();
    this.#guard = guardOf(ctx.storage.sql, () => Promise.resolve());
    this.#destination = new LaneDestination({
      ...deps,
      guard: this.#guard,
      ref: spec,
      isAlsoOff: true,
      // Nobody asks a replay whether it knows of a new suppression, as lanes are asked.
      graceMs: 0,
      observer: deps.evidence.observer,
      now,
      changed: (isOther) => {
        this.#runner.forgetOrder();
        if (isOther) this.#pace.resume(now());
      },
    });
    this.#log = new ReplayLog({
      files: this.#files,
      position: () => this.#lane.position,
      pass: (seq) => this.#lane.settle({ ids: [], position: seq, settlements: [] }, now()),
      mayOpen: () => this.#mayOpen(),
      next: () => this.#catalogue.next(this.#files.cursor()),
      open: (file) => this.#open(file),
      select: (line) => this.#select(line),
      noteError: (code) => (this.error = code),
      isOver: () => now() >= this.#untilMs,
      now,
      rate: deps.isDryRun ? undefined : spec.rate,
    });
    this.#runner = new LaneRunner({
      storage: this.#lane,
      log: this.#log,
      counts: this.#counts,
      pace: this.#pace,
      ready: () => (deps.isDryRun ? this.#readyToCount() : this.#ready()),
      keyOf: (event, seq) => idempotencyKey(spec, event, seq),
      now,
      random: () => Math.random(),
      isOver: () => {
        this.#save();
        return now() >= this.#untilMs;
      },
      noteFailure: () => undefined,
    });
  }

  counts(): ReplayCounts {
    const total = (step: DeliveryStep): number =>
      this.#counts
        .all()
        .filter((each) => each.step === step)
        .reduce((sum, { count }) => sum + count, 0);
    const delivered = total("successful-delivery");
    const filtered = total("filtered-at-destination");
    const failed = total("failed-delivery");
    const events = delivered + filtered + failed;
    const files = this.#files.filesDone();
    return { files, events, delivered, filtered, failed, byType: this.#byType };
  }

  /** Goes on until `untilMs`, the end, or something in the way. */
  async run(untilMs: number): Promise<SliceEnd> {
    const { reach, spec } = this.#deps;
    this.#untilMs = untilMs;
    const isHeldUp = !this.#pace.admits(Date.now()) || this.#files.current() === undefined;
    // A destination that is down must not keep a deletion waiting.
    const stop = isHeldUp ? await this.#mayOpen() : undefined;
    if (stop !== undefined) return { kind: "again", atMs: stop.againAtMs };
    const config = await this.#destination.config();
    // What waits may be from before a deletion, if the storage was set back: files are read again.
    if (config !== undefined && !this.#guard.admits(config.deletion)) {
      await this.#rewind();
      this.#guard.took(config.deletion ?? 0);
    }
    if (config?.state === "deleted") return { kind: "failed", error: "destination_deleted" };
    const { againAtMs } = await this.#runner.run();
    this.#save();
    const isDone = this.#log.isExhausted && this.#lane.waitingEvents === 0;
    if (isDone && this.#files.current() === undefined) {
      await reach.archive(spec.sourceId).leaveJob(spec.id);
      return { kind: "done" };
    }
    const atMs = againAtMs ?? Date.now() + AGAIN_MS;
    return { kind: "again", atMs: Math.min(atMs, Date.now() + TURN_MS) };
  }

  /** Ends the slice that is running, as soon as its present calls have ended. */
  stop(): void {
    this.#untilMs = 0;
  }

  /** Lets go of everything and of the turn: while a replay is paused it holds no event. */
  async release(): Promise<void> {
    const { reach, spec } = this.#deps;
    await this.#rewind();
    await reach.archive(spec.sourceId).leaveJob(spec.id);
    this.waitsFor = undefined;
  }

  /** Asks for the turn, between two files or when nothing can be sent. */
  async #mayOpen(): Promise<{ readonly againAtMs: number } | undefined> {
    const { reach, spec } = this.#deps;
    const { id } = spec;
    const turn = await reach.archive(spec.sourceId).enterJob({ id, kind: "replay" });
    this.waitsFor = turn.kind === "waiting" ? turn.waitsFor : undefined;
    if (turn.kind === "running") return undefined;
    await this.#rewind();
    return { againAtMs: Date.now() + TURN_MS };
  }

  /**
   * Goes back to the beginning of the first file that is not read, sent and settled: other jobs change
   * files, so neither a place in one nor an event of one may outlive the turn.
   */
  async #rewind(): Promise<void> {
    await this.#log.forget();
    this.#catalogue.forget();
    const first = this.#lane.firstWaiting() ?? this.#files.current()?.firstSeq;
    const position = first === undefined ? undefined : this.#files.rewindTo(first);
    const hadEvents = this.#lane.waitingEvents > 0;
    if (position !== undefined) this.#lane.goBackTo(position, Date.now());
    this.#runner.forgetOrder();
    // SQLite keeps what it dropped in its free pages, and events are to be held nowhere.
    if (!hadEvents) return;
    const { storage } = this.#deps.ctx;
    await scrubFreePages(storage, this.#lane.freeBytes, () => scheduler.wait(0));
  }

  async #ready(): Promise<Readiness> {
    const ready = await this.#destination.ready();
    if (ready.kind === "unavailable") {
      this.error = UNAVAILABLE;
      return ready;
    }
    if (this.error === UNAVAILABLE) this.error = undefined;
    const config = await this.#destination.config();
    if (ready.kind === "stopped" || config === undefined) {
      return { kind: "unavailable", againAtMs: Date.now() + AGAIN_MS };
    }
    const { decide, ...rest } = ready.destination;
    const { addressee } = config.rules;
    return {
      kind: "ready",
      destination: {
        ...rest,
        decide: (event, line) => decide(readdressed(event, addressee), line),
      },
    };
  }

  async #readyToCount(): Promise<Readiness> {
    const ready = await this.#ready();
    if (ready.kind !== "ready") return ready;
    return {
      kind: "ready",
      destination: { ...ready.destination, deliverer: countingDeliverer(this.#byType) },
    };
  }

  #select(line: string): Readonly<Record<string, unknown>> | undefined {
    const event = readObject(line);
    return event !== undefined && isSelected(event, this.#deps.spec) ? event : undefined;
  }

  async #open(file: ReplayFile): Promise<OpenedFile> {
    const object = await (await this.#buckets.of(file, "reader")).get(file.key);
    if (object.ok) return { kind: "open", lines: readTextLines(object.value.body) };
    if (object.error.kind === "not-found") return { kind: "gone" };
    return { kind: "unavailable", code: object.error.code };
  }

  #save(): void {
    if (!this.#counts.isChanged) return;
    this.#lane.saveCounts(this.#counts.takeChanged());
    this.#lane.setState("by-type", JSON.stringify(this.#byType));
  }
}

/** Of one call of a dry run. */
const COUNTED = { events: 1_000, bytes: 2_000_000 };

/** Sends nothing and counts what would have been sent. */
function countingDeliverer(byType: Record<string, number>): Deliverer {
  return {
    batch: COUNTED,
    deliver: async (events) => {
      for (const { event } of events) {
        const type = typeof event["type"] === "string" ? event["type"] : "unknown";
        byType[type] = (byType[type] ?? 0) + 1;
      }
      return events.map(() => ({ kind: "delivered", status: 200 }));
    },
  };
}

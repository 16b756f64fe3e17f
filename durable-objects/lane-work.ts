import type { Config } from "../src/config.ts";
import { homeBucket } from "../src/archive/home-bucket.ts";
import type { Subjects } from "../src/archive/subjects.ts";
import { randomBase32 } from "../src/core/base32.ts";
import { workspaceOf } from "../src/core/ids.ts";
import { readStored } from "../src/core/stored-json.ts";
import type { Destinations } from "../src/deliver/destinations.ts";
import type { LaneEntry } from "../src/deliver/lane/entry.ts";
import { idempotencyKey } from "../src/deliver/lane/idempotency.ts";
import { LaneStorage } from "../src/deliver/lane/lane-storage.ts";
import { Pace } from "../src/deliver/lane/pace.ts";
import type { FailureSample, LaneForgetting, LaneStatus } from "../src/deliver/lane/ports.ts";
import { LaneRunner, PACE_STATE } from "../src/deliver/lane/run-lane.ts";
import { formatName, type LaneRef } from "../src/region/object-names.ts";
import type { ArchiveLocation } from "../src/region/regions.ts";
import type { Bucket } from "../src/s3/bucket.ts";
import type { EvidenceKeeper } from "./evidence-keeper.ts";
import { FileBuckets } from "./file-buckets.ts";
import { LaneDeadLetters } from "./lane-dead-letters.ts";
import { LaneDestination, type LaneDestinationDeps } from "./lane-destination.ts";
import { LaneReader } from "./lane-log.ts";
import { LaneStanding } from "./lane-standing.ts";
import { LaneTelling } from "./lane-telling.ts";
import type { TraceDeps } from "./lane-trace.ts";
import type { Reach } from "./reach.ts";

export type LaneWorkDeps = Pick<LaneDestinationDeps, "guard"> & {
  readonly ctx: DurableObjectState;
  readonly config: Config;
  readonly reach: Reach;
  readonly ref: LaneRef;
  readonly destinations: Destinations;
  readonly evidence: EvidenceKeeper;
};

/** Of one alarm or wake: well under what an alarm may take, and its CPU time. */
const SLICE_MS_MAX = 20_000;

/** When the alarm comes back if a slice dies without a word. */
const WATCHDOG_MS = 60_000;

/** Between being woken and reading the log. */
const LINGER_MS = 25;

const INCARNATION_CHARS = 8;

/** Characters of an event that are shown as a sample of what fails. */
const SAMPLE_CHARS_MAX = 2_000;

/** What a lane does when it is woken: deliver, keep dead letters, tell, and wake up again. */
export class LaneWork {
  readonly destination: LaneDestination;
  readonly deadLetters: LaneDeadLetters;
  readonly #deps: LaneWorkDeps;
  readonly #lane: LaneStorage;
  readonly #reader: LaneReader;
  readonly #runner: LaneRunner;
  readonly #telling: LaneTelling;
  readonly #pace: Pace;
  #running: Promise<void> | undefined;
  #isWoken = false;
  #alarmAtMs: number | undefined;
  #sliceEndMs = 0;
  #sample: FailureSample | undefined;
  readonly #standing = new LaneStanding();

  constructor(deps: LaneWorkDeps) {
    const { ctx, ref, reach } = deps;
    this.#deps = deps;
    this.#lane = new LaneStorage(ctx.storage);
    this.#sample =
      readStored<FailureSample | null>(this.#lane.state("sample") ?? "null") ?? undefined;
    this.#pace = new Pace(() => Math.random(), this.#lane.state(PACE_STATE));
    const now = (): number => Date.now();
    this.destination = new LaneDestination({
      ...deps,
      observer: deps.evidence.observer,
      now,
      changed: (isOther) => {
        this.#runner.forgetOrder();
        if (isOther) this.#pace.resume(now());
      },
    });
    const { config, evidence } = deps;
    const buckets = new FileBuckets({
      config,
      reach,
      sourceId: ref.sourceId,
      observe: evidence.observer,
    });
    this.#reader = new LaneReader({
      reach,
      ref,
      bucketOf: (file) => buckets.of(file, "reader"),
      position: () => this.#lane.position,
      rewind: (seq) => this.#lane.rewind(seq),
      lost: (events) => this.#countLost(events),
    });
    this.#telling = new LaneTelling({
      lane: this.#lane,
      now,
      tell: (counts) =>
        reach.workspace(workspaceOf(ref.destinationId)).takeCounts({
          lane: formatName({ kind: "lane", ...ref }),
          destinationId: ref.destinationId,
          sourceId: ref.sourceId,
          atMs: Date.now(),
          counts,
          status: this.status(),
        }),
    });
    this.deadLetters = new LaneDeadLetters({
      storage: ctx.storage,
      lane: this.#lane,
      origin: { ...ref, incarnation: this.#incarnation() },
      bucket: (location) => this.#bucket(location),
      now,
      suspectMs: config.failover.suspectMs,
    });
    this.#runner = new LaneRunner({
      storage: this.#lane,
      log: this.#reader,
      counts: this.#telling.counts,
      pace: this.#pace,
      ready: () => this.destination.ready(),
      keyOf: (event, seq) => idempotencyKey(ref, event, seq),
      now,
      random: () => Math.random(),
      isOver: () => Date.now() >= this.#sliceEndMs,
      caughtUp: () => this.#standing.caughtUp(),
      noteFailure: (entry, code) => this.#noteFailure(entry, code),
    });
  }

  /** There is something to do. */
  wake(): void {
    if (this.#running === undefined) this.#deps.ctx.waitUntil(this.#runSoon());
    else this.#isWoken = true;
  }

  /** Lets a few more events come in, so that a steady trickle costs its queue few questions. */
  async #runSoon(): Promise<void> {
    await scheduler.wait(LINGER_MS);
    await this.run();
  }

  /** Does all that is due. Never throws: what failed is done again by the alarm. */
  async run(): Promise<void> {
    this.#running ??= this.#runSlice().finally(() => {
      this.#running = undefined;
      if (!this.#isWoken) return;
      this.#isWoken = false;
      this.wake();
    });
    await this.#running;
  }

  /** Whether it delivers by that version of the suppressions, and nothing older is in flight. */
  async suppress(version: number): Promise<boolean> {
    const isHeld = await this.destination.suppress(version);
    if (!isHeld) return false;
    // The block that is being sent may have been decided by the earlier version; it is the last.
    this.#sliceEndMs = 0;
    await this.#running;
    return true;
  }

  /** Takes users out of what the lane keeps. Requests in flight end first, and none begins meanwhile. */
  async forget(subjects: Subjects, deletion?: number): Promise<LaneForgetting> {
    const config = await this.destination.config();
    if (config === undefined) throw new Error("Cannot forget: the destination is not known");
    while (this.#running !== undefined) await this.#running;
    const work = this.deadLetters.forget(subjects, config.fingerprintKey);
    this.#running = work
      .then(
        () => undefined,
        () => undefined,
      )
      .finally(() => {
        this.#running = undefined;
        this.#sample = undefined;
        this.#runner.forgetOrder();
        this.wake();
      });
    const forgetting = await work;
    if (forgetting.isClean && deletion !== undefined) this.#deps.guard.took(deletion);
    return forgetting;
  }

  /** An alarm has gone off, so none is set. */
  rang(): void {
    this.#alarmAtMs = undefined;
  }

  status(): LaneStatus {
    const { pausedUntilMs } = this.#pace;
    return {
      position: this.#lane.position,
      waitingEvents: this.#lane.waitingEvents,
      waitingBytes: this.#lane.waitingBytes,
      nextAttemptAtMs: this.#lane.nextDueAtMs,
      pausedUntilMs: pausedUntilMs > Date.now() ? pausedUntilMs : undefined,
      deadLetters: this.deadLetters.count(),
      alert: this.destination.alert,
      behindSinceMs: this.#standing.behindSinceMs(Date.now()),
    };
  }

  /** What an event is looked for in. */
  get traced(): TraceDeps {
    return { lane: this.#lane, deadLetters: this.deadLetters, counts: this.#telling.counts };
  }

  sample(): FailureSample | undefined {
    return this.#sample;
  }

  async #runSlice(): Promise<void> {
    const { ctx, evidence } = this.#deps;
    const nowMs = Date.now();
    this.#sliceEndMs = nowMs + SLICE_MS_MAX;
    this.#setAlarm(nowMs + WATCHDOG_MS);
    this.#standing.begin(nowMs);
    let againAtMs: number | undefined = nowMs + WATCHDOG_MS;
    let mayWrite = false;
    try {
      const config = await this.destination.config();
      if (config?.state === "deleted") this.#drop();
      // What it holds from before a deletion is not written anywhere, and waits for its repetition.
      mayWrite = config !== undefined && this.#deps.guard.admits(config.deletion);
      if (config !== undefined && mayWrite) await this.deadLetters.run(config);
      ({ againAtMs } = await this.#runner.run());
    } catch {
      // The cause may quote an event. Memory may be ahead of storage: begin anew from there.
      ctx.abort("a lane failed");
    }
    if (this.#standing.isNew(this.destination.alert, Date.now())) this.#telling.note();
    await this.#telling.run();
    await evidence.run();
    await this.#reader.forget();
    this.#arm(againAtMs, mayWrite ? this.deadLetters.dueAtMs() : undefined);
  }

  /** A destination that was deleted delivers nothing more; what waited is counted as given up. */
  #drop(): void {
    const nowMs = Date.now();
    const events = this.#lane.dropWaiting();
    if (events === 0) return;
    this.#telling.counts.add(
      { step: "failed-delivery", code: "DESTINATION_DELETED", count: events },
      nowMs,
    );
  }

  #countLost(events: number): void {
    if (events <= 0) return;
    const change = { step: "failed-delivery", code: "ARCHIVE_GONE", count: events } as const;
    this.#telling.counts.add(change, Date.now());
  }

  #noteFailure({ attempts, line }: LaneEntry, code: string): void {
    const sample = { atMs: Date.now(), code, attempts, event: line.slice(0, SAMPLE_CHARS_MAX) };
    const isNew = this.#sample?.code !== code || sample.atMs - this.#sample.atMs > WATCHDOG_MS;
    if (!isNew) return;
    this.#sample = sample;
    this.#lane.setState("sample", JSON.stringify(sample));
  }

  #arm(againAtMs: number | undefined, deadLettersAtMs: number | undefined): void {
    const { evidence } = this.#deps;
    const times = [againAtMs, deadLettersAtMs, this.#telling.dueAtMs, evidence.dueAtMs].filter(
      (time) => time !== undefined,
    );
    if (times.length > 0) this.#setAlarm(Math.max(Date.now(), Math.min(...times)));
  }

  /** A row written, so one that is set already and rings earlier is left: it only looks around. */
  #setAlarm(atMs: number): void {
    const nowMs = Date.now();
    const held = this.#alarmAtMs;
    if (held !== undefined && held <= atMs && held > nowMs) return;
    this.#alarmAtMs = atMs;
    void this.#deps.ctx.storage.setAlarm(atMs);
  }

  #bucket(location: ArchiveLocation): Bucket {
    const { config, ref, evidence } = this.#deps;
    return homeBucket(config, ref.sourceId, location, evidence.observer);
  }

  #incarnation(): string {
    const known = this.#lane.state("incarnation");
    if (known !== undefined) return known;
    const made = randomBase32(INCARNATION_CHARS, (length) =>
      crypto.getRandomValues(new Uint8Array(length)),
    );
    this.#lane.setState("incarnation", made);
    return made;
  }
}

import type { Config } from "../src/config.ts";
import { randomBase32 } from "../src/core/base32.ts";
import type { SourceId } from "../src/core/ids.ts";
import { failoverAlert, suspectsAlert } from "../src/ingest/queue/alerts.ts";
import {
  archiveNext,
  type ArchiveOutcome,
  type ArchiverDeps,
} from "../src/ingest/queue/archiver.ts";
import type { Counters } from "../src/ingest/queue/counters.ts";
import type { FileTable } from "../src/ingest/queue/file-table.ts";
import type { MemoryAccount } from "../src/ingest/queue/memory-budget.ts";
import type { QueueStorage } from "../src/ingest/queue/queue-storage.ts";
import { BUSY_MS, mayArchive, nextAlarmAt, type QueueState } from "../src/ingest/queue/schedule.ts";
import type { QueueCounter, QueueSettling, QueueSighting, QueueStatus } from "../src/services.ts";
import type { QueueRef } from "../src/workspace/source-config.ts";
import type { EvidenceKeeper } from "./evidence-keeper.ts";
import type { LaneFeed } from "./queue-lanes.ts";
import type { GuardedLease } from "./guarded-lease.ts";
import { makeArchiver } from "./queue-archiver.ts";
import { QueueNotices } from "./queue-notices.ts";
import { QueueRefusals } from "./queue-refusals.ts";
import { Settler } from "./queue-settling.ts";
import { openSuspects } from "./queue-suspects.ts";
import type { Reach } from "./reach.ts";

/** What the work of one queue reaches. */
export type QueueWorkDeps = {
  readonly ctx: DurableObjectState;
  readonly config: Config;
  readonly reach: Reach;
  readonly sourceId: SourceId;
  readonly self: QueueRef;
  readonly storage: QueueStorage;
  readonly files: FileTable;
  readonly counters: Counters;
  readonly lease: GuardedLease;
  readonly memory: MemoryAccount;
  readonly lanes: LaneFeed;
  readonly evidence: EvidenceKeeper;
};

/** Characters of an incarnation: 40 random bits. */
const INCARNATION_CHARS = 8;

/** Memory that building a file takes for each byte of NDJSON: its gzip, and the users' hashes. */
const BUILD_BYTES_PER_RAW = 0.3;

/** Pieces of merging done in one run; more would keep the object from its requests. */
const MERGE_SLICES_MAX = 200;

const DAY_MS = 86_400_000;

/** What a queue does besides taking events in: archive, drop, merge, expire, and wake up again. */
export class QueueWork {
  readonly #deps: QueueWorkDeps;
  readonly #archiver: ArchiverDeps;
  readonly #notices: QueueNotices;
  readonly #refusals: QueueRefusals;
  readonly #settler: Settler;
  #waiting: { events: number; bytes: number; oldestAtMs: number | undefined };
  #archivedSeq: number;
  #failures = 0;
  #lastFailureAtMs = 0;
  #busyUntilMs = 0;
  #closedUntilMs = 0;
  #alert: string | undefined;
  #measuredBytes = 0;
  #lastCommitAtMs = 0;
  #alarmAtMs: number | undefined;
  #running: Promise<void> | undefined;

  constructor(deps: QueueWorkDeps) {
    this.#deps = deps;
    const incarnation = deps.storage.incarnation(() =>
      randomBase32(INCARNATION_CHARS, (length) => crypto.getRandomValues(new Uint8Array(length))),
    );
    this.#archiver = makeArchiver(deps, incarnation);
    this.#notices = new QueueNotices(deps);
    this.#refusals = new QueueRefusals(deps);
    this.#settler = new Settler({
      ...deps,
      seal: deps.config.seal,
      archivedSeq: () => this.#archivedSeq,
    });
    this.#archivedSeq = deps.files.archivedSeq();
    this.#waiting = deps.storage.log.waiting(this.#archivedSeq + 1);
  }

  /** Called in the turn of each commit: arms the alarm with the first event, starts work when due. */
  committed(): void {
    const { storage } = this.#deps;
    const nowMs = Date.now();
    this.#grow();
    this.#deps.lanes.wake();
    storage.rotateIfDue(nowMs);
    const isRefusing = this.#refusals.committed(nowMs);
    if (this.#waiting.oldestAtMs === undefined && !isRefusing) return;
    this.#notices.tellFilled();
    const wanted = nextAlarmAt(this.#state(), this.#settler.rule, nowMs);
    if (wanted !== undefined && wanted < (this.#alarmAtMs ?? Infinity)) this.#setAlarm(wanted);
    if (mayArchive(this.#state(), this.#settler.rule, nowMs)) {
      this.#deps.ctx.waitUntil(this.run());
    }
  }

  /** Does all that is due. Never throws: what failed is noted and the alarm is set for another try. */
  async run(): Promise<void> {
    this.#running ??= this.#runOnce().finally(() => {
      this.#running = undefined;
      this.#arm(Date.now());
    });
    await this.#running;
  }

  /** See `QueuePort.settle`. */
  settle(throughSeq: number | undefined): QueueSettling {
    return this.#settler.settle(throughSeq, () => this.run());
  }

  find(print: Uint8Array): QueueSighting | undefined {
    const second = this.#deps.storage.committedSecond(print);
    if (second === undefined) return undefined;
    const files = this.#deps.files.committedWithin(second).map(({ key }) => ({ key }));
    const seq = this.#deps.storage.seqOf(print, second);
    const lanes = this.#deps.lanes.starts();
    return { acceptedAtMs: second * 1000, files, lanes, ...(seq === undefined ? {} : { seq }) };
  }

  readCounters(): readonly QueueCounter[] {
    const accepted = this.#deps.storage.log.nextSeq - 1;
    return [
      { step: "accepted", code: "accepted", count: accepted },
      { step: "archived", code: "archived", count: this.#archivedSeq },
      ...this.#deps.counters.read(),
    ];
  }

  async status(): Promise<QueueStatus> {
    const suspects = await openSuspects(this.#deps);
    return {
      waitingEvents: this.#waiting.events,
      waitingBytes: this.#waiting.bytes,
      databaseBytes: this.#deps.storage.databaseBytes,
      oldestWaitingAtMs: this.#waiting.oldestAtMs,
      alert: this.#alert ?? suspectsAlert(suspects),
      suspects,
      totals: this.#deps.counters.totals(this.#deps.storage.log.nextSeq - 1),
    };
  }

  async #runOnce(): Promise<void> {
    const { storage, config, lease, lanes, evidence } = this.#deps;
    try {
      // Where files may go is part of the config, which may not have been asked for since a restart.
      if (mayArchive(this.#state(), this.#settler.rule, Date.now())) await lease.get();
      while (mayArchive(this.#state(), this.#settler.rule, Date.now())) {
        if (!this.#settle(await this.#settler.admit(() => this.#archiveNext()))) break;
      }
      if (this.#waiting.oldestAtMs !== undefined) this.#notices.tellFilled();
      storage.rotateIfDue(Date.now());
      lanes.wake();
      storage.dropConsumed(this.#settler.droppable(lanes.droppable(this.#archivedSeq)));
      lanes.pruneFiles(Date.now() - config.windowMs - DAY_MS, Date.now());
      this.#refusals.write();
      for (let i = 0; i < MERGE_SLICES_MAX && storage.mergeSlice(Date.now()); i++) {
        await scheduler.wait(0);
      }
      if (storage.wantsShards) await this.#notices.askForShards();
      await this.#notices.tellDrained(
        () => this.#waiting.oldestAtMs === undefined && lanes.isPassed,
        Math.max(this.#lastCommitAtMs, this.#refusals.manyAtMs),
      );
    } catch {
      // The cause may quote an event, so only that it happened is kept.
      this.#failed("internal");
    }
    await evidence.run().catch(() => this.#failed("internal"));
  }

  async #archiveNext(): Promise<ArchiveOutcome> {
    const { memory } = this.#deps;
    const bytes = Math.min(this.#waiting.bytes, this.#deps.config.seal.bytes);
    if (!memory.startBuild(bytes * BUILD_BYTES_PER_RAW)) return { kind: "busy" };
    try {
      return await archiveNext(this.#archiver);
    } finally {
      memory.endBuild();
    }
  }

  #settle(outcome: ArchiveOutcome): boolean {
    switch (outcome.kind) {
      case "archived":
        this.#archivedSeq = outcome.file.lastSeq;
        this.#failures = 0;
        this.#closedUntilMs = 0;
        this.#alert = failoverAlert(
          outcome.location,
          this.#archiver.locations(),
          this.#archiver.breakers,
        );
        this.#measure();
        return true;
      case "idle":
        return false;
      case "busy":
        this.#busyUntilMs = Date.now() + BUSY_MS;
        return false;
      case "retry":
        this.#failed(outcome.why);
        return false;
      case "waiting":
        // The breakers set the pace now, and go slower by themselves.
        this.#failures = 0;
        this.#closedUntilMs = outcome.untilMs;
        this.#alert = outcome.why ?? this.#alert;
        return false;
      case "conflict":
        this.#failed("archive_conflict: an object of this file's name holds other events");
        return false;
    }
  }

  #failed(why: string): void {
    this.#failures += 1;
    this.#lastFailureAtMs = Date.now();
    this.#alert = why;
  }

  #state(): QueueState {
    this.#noticeClock(Date.now());
    return {
      waiting: this.#waiting,
      failures: this.#failures,
      lastFailureAtMs: this.#lastFailureAtMs,
      busyUntilMs: this.#busyUntilMs,
      closedUntilMs: this.#closedUntilMs,
      mergePending: this.#deps.storage.mergePending,
      rotateAtMs: this.#deps.storage.rotateAtMs,
      expiryAtMs: this.#deps.storage.expiryAtMs,
      toldFilled: this.#notices.toldFilled,
      evidenceAtMs: this.#deps.evidence.dueAtMs,
    };
  }

  /** A clock that was ahead leaves times in the future; nothing waits until it has caught up. */
  #noticeClock(nowMs: number): void {
    const { oldestAtMs = nowMs } = this.#waiting;
    if (oldestAtMs > nowMs) this.#waiting.oldestAtMs = nowMs;
    this.#lastFailureAtMs = Math.min(this.#lastFailureAtMs, nowMs);
    this.#busyUntilMs = Math.min(this.#busyUntilMs, nowMs + BUSY_MS);
    const { probeMsMax } = this.#deps.config.failover;
    this.#closedUntilMs = Math.min(this.#closedUntilMs, nowMs + probeMsMax);
  }

  /** Sets the alarm where the tables want it. */
  #arm(nowMs: number): void {
    this.#alarmAtMs = undefined;
    const wanted = nextAlarmAt(this.#state(), this.#settler.rule, nowMs);
    if (wanted !== undefined) this.#setAlarm(wanted);
  }

  /** A row written, so only called when the time changes. */
  #setAlarm(atMs: number): void {
    this.#alarmAtMs = atMs;
    void this.#deps.ctx.storage.setAlarm(atMs);
  }

  /** Adds what the last commit inserted. */
  #grow(): void {
    const { log } = this.#deps.storage;
    const events = log.nextSeq - 1 - this.#archivedSeq;
    if (events === this.#waiting.events) return;
    this.#waiting = {
      events,
      bytes: this.#waiting.bytes + log.insertedBytes - this.#measuredBytes,
      oldestAtMs: this.#waiting.oldestAtMs ?? log.lastCommittedAtMs,
    };
    this.#measuredBytes = log.insertedBytes;
    this.#lastCommitAtMs = Date.now();
  }

  /** Reads what waits from the tables, after the cursor moved. */
  #measure(): void {
    const { log } = this.#deps.storage;
    this.#waiting = log.waiting(this.#archivedSeq + 1);
    this.#measuredBytes = log.insertedBytes;
  }
}

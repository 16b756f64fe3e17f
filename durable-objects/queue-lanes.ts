import type { DestinationId, SourceId } from "../src/core/ids.ts";
import type { FileTable } from "../src/ingest/queue/file-table.ts";
import { droppableSeq, readForLane } from "../src/ingest/queue/lane-reads.ts";
import { QueueLanes } from "../src/ingest/queue/lanes.ts";
import type { QueueStorage } from "../src/ingest/queue/queue-storage.ts";
import type { LogPiece, LogRead } from "../src/services.ts";
import type { QueueRef, SourceConfig } from "../src/workspace/source-config.ts";
import type { GuardedLease } from "./guarded-lease.ts";
import type { Reach } from "./reach.ts";

export type LaneFeedDeps = {
  readonly ctx: Pick<DurableObjectState, "waitUntil" | "storage">;
  readonly reach: Reach;
  readonly sourceId: SourceId;
  readonly self: QueueRef;
  readonly storage: QueueStorage;
  readonly files: FileTable;
  readonly lease: GuardedLease;
};

/** Names of archived files are kept this long for lanes that are far behind. */
const FILES_MS_MAX = 30 * 86_400_000;

/**
 * What a queue does for the lanes that read its log: it knows where they are, wakes those that sleep
 * when there is more, and hands over pieces of the log. Nothing here is waited for by an append.
 */
export class LaneFeed {
  readonly #deps: LaneFeedDeps;
  readonly #lanes: QueueLanes;
  #learned: SourceConfig["lanes"];

  constructor(deps: LaneFeedDeps) {
    this.#deps = deps;
    this.#lanes = new QueueLanes(deps.ctx.storage.sql);
  }

  /** Whether every lane has passed all that is in the log. */
  get isPassed(): boolean {
    const { passedSeq } = this.#lanes;
    return passedSeq === undefined || passedSeq >= this.#lastSeq;
  }

  /** The lanes that are on, and after which event each begins. */
  starts() {
    return this.#lanes.starts();
  }

  /** Takes over which lanes there are; before each commit, so that a new lane misses nothing. */
  learn(config: SourceConfig | undefined): void {
    const lanes = config?.lanes;
    if (lanes === undefined || lanes === this.#learned) return;
    this.#learned = lanes;
    for (const id of this.#lanes.learn(lanes, this.#lastSeq)) this.#wake(id);
  }

  /** Wakes the lanes that sleep although there is more for them. */
  wake(): void {
    for (const id of this.#lanes.toWake(this.#lastSeq)) this.#wake(id);
  }

  /** How far the log may be dropped. */
  droppable(archivedSeq: number): number {
    const { storage } = this.#deps;
    const { passedSeq } = this.#lanes;
    const { databaseBytes } = storage;
    return droppableSeq(storage.log.segments, { archivedSeq, passedSeq, databaseBytes });
  }

  /** Forgets names of files that neither a search nor a lane needs. */
  pruneFiles(beforeMs: number, nowMs: number): void {
    const { files } = this.#deps;
    files.prune(beforeMs, this.#lanes.passedSeq);
    files.prune(nowMs - FILES_MS_MAX);
  }

  async read({ destinationId, fromSeq, passedSeq }: LogRead): Promise<LogPiece> {
    const { lease, storage, files, ctx } = this.#deps;
    if (!lease.admits) await lease.get();
    // As if there were no more: what is here is not to be seen before a deletion has come by.
    if (!lease.admits) {
      this.#lanes.sleeps(destinationId);
      return { kind: "end", fromSeq };
    }
    if (this.#lanes.startOf(destinationId) === undefined) {
      const leased = await lease.get();
      if (leased.kind === "found") this.learn(leased.config);
    }
    const startSeq = this.#lanes.startOf(destinationId);
    if (startSeq === undefined) return { kind: "off" };
    const { log } = storage;
    // A log that was set back to an earlier state has other events under these numbers.
    const from = Math.min(Math.max(fromSeq, startSeq + 1), log.nextSeq);
    this.#lanes.passed(destinationId, passedSeq);
    if (from >= log.nextSeq) {
      this.#lanes.sleeps(destinationId);
      return { kind: "end", fromSeq: from };
    }
    const chunks = readForLane(ctx.storage.sql, log, from);
    if (chunks.length > 0) return { kind: "chunks", fromSeq: from, chunks };
    const file = files.holding(from);
    if (file !== undefined && file.firstSeq <= from) {
      const { key, firstSeq, lastSeq } = file;
      return { kind: "file", fromSeq: from, file: { key, firstSeq, lastSeq } };
    }
    const [oldest] = log.segments;
    const next = Math.min(file?.firstSeq ?? Infinity, oldest?.firstSeq ?? log.nextSeq);
    return { kind: "gone", fromSeq: from, nextSeq: next };
  }

  get #lastSeq(): number {
    return this.#deps.storage.log.nextSeq - 1;
  }

  #wake(destinationId: DestinationId): void {
    const { ctx, reach, sourceId, self } = this.#deps;
    const woken = reach.lane({ destinationId, sourceId, ...self }).wake();
    // A lane that was not reached is woken again with the next commit, alarm or poke.
    ctx.waitUntil(woken.catch(() => this.#lanes.sleeps(destinationId)));
  }
}

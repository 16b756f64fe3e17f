import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";

import { INGEST_QUEUE_MIGRATIONS } from "../../durable-objects/storage/ingest-queue.schema.ts";
import type { ArchiveFile } from "../../src/archive/archive-file.ts";
import { err, ok } from "../../src/core/result.ts";
import type { Append, AppendAnswer } from "../../src/ingest/append.ts";
import { archiveNext, type ArchiveOutcome } from "../../src/ingest/queue/archiver.ts";
import { Committer } from "../../src/ingest/queue/committer.ts";
import { Counters } from "../../src/ingest/queue/counters.ts";
import { FileTable } from "../../src/ingest/queue/file-table.ts";
import { QueueStorage } from "../../src/ingest/queue/queue-storage.ts";
import type { SourceConfig } from "../../src/workspace/source-config.ts";
import { messageIdsIn } from "./appends.ts";
import type { NodeStorage } from "./node-storage.ts";

export const WINDOW_MS = 24 * 3_600_000;

/** What happens to one PUT. */
export type PutFault = "none" | "refused-before" | "lost-after" | "crash-before" | "crash-after";

/** Thrown where a test lets the process die. */
export class Killed extends Error {}

/** A bucket and a catalogue that outlive the queue's process, with faults on demand. */
export class World {
  readonly objects = new Map<string, Uint8Array>();
  readonly catalogue = new Map<string, ArchiveFile>();
  fault: PutFault = "none";
  crashBeforeRecord = false;
  crashAfterRecord = false;

  /** From now on everything works. */
  heal(): void {
    this.fault = "none";
    this.crashBeforeRecord = false;
    this.crashAfterRecord = false;
  }

  put(key: string, gzip: Uint8Array) {
    const fault = this.fault;
    this.fault = "none";
    if (fault === "crash-before") throw new Killed();
    if (fault === "refused-before") {
      return err({ kind: "unavailable" as const, status: 503, code: "SlowDown" });
    }
    if (this.objects.has(key)) return err({ kind: "already-exists" as const });
    this.objects.set(key, gunzipSync(gzip));
    if (fault === "crash-after") throw new Killed();
    if (fault === "lost-after") return err({ kind: "unknown" as const, code: "timeout" });
    return ok({ etag: "" });
  }

  record(file: ArchiveFile): ArchiveFile {
    if (this.crashBeforeRecord) {
      this.crashBeforeRecord = false;
      throw new Killed();
    }
    const held = this.catalogue.get(file.key) ?? file;
    this.catalogue.set(file.key, held);
    if (this.crashAfterRecord) {
      this.crashAfterRecord = false;
      throw new Killed();
    }
    return held;
  }

  /** Every messageId in every object, in the order of the log. */
  archived(): string[] {
    const keys = [...this.objects.keys()].toSorted((a, b) => firstSeqOf(a) - firstSeqOf(b));
    return keys.flatMap((key) => messageIdsIn(this.objects.get(key) ?? new Uint8Array()));
  }
}

/** The parts of a queue over storage that survives: a new instance is what a restart makes. */
export class QueueModel {
  readonly storage: QueueStorage;
  readonly files: FileTable;
  readonly counters: Counters;
  readonly committer: Committer;
  isFull = false;
  readonly #disk: NodeStorage;
  readonly #world: World;

  constructor(disk: NodeStorage, world: World, clock: { nowMs: number }, config: SourceConfig) {
    this.#disk = disk;
    this.#world = world;
    if (disk.tables().length === 0) disk.sql.exec(`${INGEST_QUEUE_MIGRATIONS[0].sql}\n`);
    const port = Object.assign(disk, { sql: Object.assign(disk.sql, { databaseSize: 0 }) });
    this.storage = new QueueStorage(port, WINDOW_MS, clock.nowMs);
    this.files = new FileTable(disk.sql);
    this.counters = new Counters(disk.sql);
    this.committer = new Committer({
      log: this.storage.log,
      seen: this.storage.seen,
      counters: this.counters,
      self: { ingestRegion: config.route.ingestRegion, shard: 0 },
      transaction: (work) => disk.transactionSync(work),
      config: () => config,
      fencedBelow: () => this.storage.fencedBelow,
      isFull: () => this.isFull,
      now: () => clock.nowMs,
    });
  }

  append(append: Append): AppendAnswer {
    const [answer] = this.committer.commit([{ append, knownElsewhere: undefined }]);
    if (answer === undefined) throw new Error("No answer");
    return answer;
  }

  archive(bytes = 1_000_000): Promise<ArchiveOutcome> {
    return archiveNext({
      sourceId: "src_eu_x",
      log: this.storage.log,
      files: this.files,
      rule: { afterMs: 0, bytes },
      transaction: (work) => this.#disk.transactionSync(work),
      sync: () => Promise.resolve(),
      locations: () => ["eu-west-1"],
      keyFor: (dayMs, firstSeq, lastSeq) => `segment-logs/x/${dayMs}/${firstSeq}-${lastSeq}.gz`,
      put: (_location, key, { gzip }) => Promise.resolve(this.#world.put(key, gzip)),
      storedSha256: (_location, key) =>
        Promise.resolve(this.#world.catalogue.get(key)?.ndjsonSha256 ?? this.#hashOf(key)),
      inCatalogue: (key) => Promise.resolve(this.#world.catalogue.get(key)),
      record: (file) => Promise.resolve(this.#world.record(file)),
      userFilter: () => new Uint8Array(),
    });
  }

  #hashOf(key: string): string | undefined {
    const bytes = this.#world.objects.get(key);
    return bytes === undefined ? undefined : sha256(bytes);
  }
}

function firstSeqOf(key: string): number {
  return Number(/(\d+)-\d+\.gz$/.exec(key)?.[1]);
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

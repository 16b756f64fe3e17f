import { INGEST_QUEUE_MIGRATIONS } from "../../durable-objects/storage/ingest-queue.schema.ts";
import type { Append, AppendAnswer, EdgeNote } from "../../src/ingest/append.ts";
import { archiveNext, type ArchiveOutcome } from "../../src/ingest/queue/archiver.ts";
import { Committer } from "../../src/ingest/queue/committer.ts";
import { Counters } from "../../src/ingest/queue/counters.ts";
import { FileTable } from "../../src/ingest/queue/file-table.ts";
import { QueueStorage } from "../../src/ingest/queue/queue-storage.ts";
import { Suppressions } from "../../src/ingest/queue/suppressions.ts";
import type { SourceConfig } from "../../src/workspace/source-config.ts";
import { platformOnly } from "../../src/archive/own-bucket/places.ts";
import { splitPlace, type ArchivePlace } from "../../src/region/own-bucket.ts";
import { Breakers, FAILURES_TO_OPEN } from "../../src/s3/breaker.ts";
import type { NodeStorage } from "./node-storage.ts";
import type { World } from "./queue-world.ts";

export const WINDOW_MS = 24 * 3_600_000;

/** The parts of a queue over storage that survives: a new instance is what a restart makes. */
export class QueueModel {
  readonly storage: QueueStorage;
  readonly files: FileTable;
  readonly counters: Counters;
  readonly committer: Committer;
  readonly suppressions = new Suppressions(async () => undefined);
  /** The places that were counted. */
  readonly edges: EdgeNote[] = [];
  isFull = false;
  readonly #disk: NodeStorage;
  readonly #world: World;
  /** In memory, as a queue has them. */
  readonly #breakers: Breakers<ArchivePlace>;

  constructor(disk: NodeStorage, world: World, clock: { nowMs: number }, config: SourceConfig) {
    this.#disk = disk;
    this.#world = world;
    this.#breakers = new Breakers(
      { failuresToOpen: FAILURES_TO_OPEN, waitMsMin: 5_000, waitMsMax: 60_000 },
      () => clock.nowMs,
      () => 0,
    );
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
      suppressed: (users) => this.suppressions.find(users),
      countEdge: (edge) => void this.edges.push(edge),
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
    const world = this.#world;
    return archiveNext({
      sourceId: "src_eu_x",
      log: this.storage.log,
      files: this.files,
      rule: { afterMs: 0, bytes },
      breakers: this.#breakers,
      transaction: (work) => this.#disk.transactionSync(work),
      sync: () => Promise.resolve(),
      locations: () => world.locations,
      keyFor: (dayMs, firstSeq, lastSeq) => `segment-logs/x/${dayMs}/${firstSeq}-${lastSeq}.gz`,
      put: async (location, key, { gzip }) => world.put(splitPlace(location).location, key, gzip),
      storedSha256: async (location, key) => world.storedSha256(splitPlace(location).location, key),
      inCatalogue: async (key) => world.catalogue.get(key),
      record: async (file) => world.record(file),
      suspect: async ({ key }, locations) => world.suspect(key, platformOnly(locations)),
      userFilter: () => new Uint8Array(),
    });
  }
}

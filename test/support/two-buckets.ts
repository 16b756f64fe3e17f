import type { RecordedFile } from "../../src/archive/archive-file.ts";
import { err, ok } from "../../src/core/result.ts";
import { archiveNext, type ArchiverDeps } from "../../src/ingest/queue/archiver.ts";
import type { ArchivePlace } from "../../src/region/own-bucket.ts";
import { Breakers } from "../../src/s3/breaker.ts";
import type { PutFailure } from "../../src/s3/failures.ts";
import { appendOf } from "./appends.ts";
import { NodeStorage } from "./node-storage.ts";
import { QueueModel } from "./queue-model.ts";
import { Killed, World } from "./queue-world.ts";
import { sourceConfigOf } from "./source-configs.ts";

export const NOON = Date.UTC(2026, 10, 22, 12);

/** A queue with one event and two buckets; what happens is written down in order. */
export class TwoBuckets {
  readonly steps: string[] = [];
  readonly recorded: RecordedFile[] = [];
  readonly stored = new Map<ArchivePlace, string>();
  locations: readonly ArchivePlace[] = ["eu-west-1", "eu-central-1"];
  /** The PUT arrives, its answer does not. */
  losesAnswers = false;
  /** What is answered to a PUT at a location, in the place of taking it. */
  readonly refusals = new Map<ArchivePlace, PutFailure>();
  /** Locations that answer no HEAD. */
  readonly silent = new Set<ArchivePlace>();
  readonly suspected: string[] = [];
  readonly clock = { nowMs: NOON };
  readonly breakers = new Breakers<ArchivePlace>(
    { failuresToOpen: 3, waitMsMin: 5_000, waitMsMax: 60_000 },
    () => this.clock.nowMs,
    () => 0,
  );
  diesAfterRecord = false;
  /** What the catalogue holds under the file's name already, where it differs. */
  held: Partial<RecordedFile> = {};
  readonly queue: QueueModel;
  readonly #disk = new NodeStorage();

  constructor() {
    this.queue = new QueueModel(this.#disk, new World(), { nowMs: NOON }, sourceConfigOf());
    this.queue.append(appendOf(["a"]));
  }

  archive() {
    const { storage, files } = this.queue;
    const deps: ArchiverDeps = {
      sourceId: "src_eu_x",
      log: storage.log,
      files,
      rule: { afterMs: 0, bytes: 1_000_000 },
      breakers: this.breakers,
      transaction: (work) => this.#disk.transactionSync(work),
      sync: async () => void this.steps.push("sync"),
      locations: () => this.locations,
      keyFor: () => "key",
      put: async (location, _key, { ndjsonSha256 }) => {
        this.steps.push(`put ${location} after ${JSON.stringify(files.sealed()?.tried)}`);
        const refusal = this.refusals.get(location);
        if (refusal !== undefined) return err(refusal);
        this.stored.set(location, ndjsonSha256);
        return this.losesAnswers ? err({ kind: "unknown", code: "network" }) : ok({});
      },
      storedSha256: async (location) => {
        this.steps.push(`head ${location}`);
        if (this.silent.has(location)) {
          return err({ kind: "unavailable", status: undefined, code: "timeout" });
        }
        const sha256 = this.stored.get(location);
        return sha256 === undefined ? err({ kind: "not-found" }) : ok(sha256);
      },
      inCatalogue: async (key) => this.recorded.find((file) => file.key === key),
      record: async (file) => {
        this.steps.push(`record at ${file.location} from ${files.archivedSeq()}`);
        this.recorded.push(file);
        if (this.diesAfterRecord) throw new Killed();
        return { ...file, ...this.held };
      },
      suspect: async (_file, locations) => {
        this.steps.push(`suspect ${locations.join()} from ${files.archivedSeq()}`);
        this.suspected.push(...locations);
      },
      userFilter: () => new Uint8Array(),
    };
    return archiveNext(deps);
  }
}

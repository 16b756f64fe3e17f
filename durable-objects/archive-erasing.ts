import { eraseSlice, type EraseDeps } from "../src/archive/erase.ts";
import type { JobRef } from "../src/archive/jobs.ts";
import { linkSlice, type LinkDeps } from "../src/archive/link.ts";
import { exportSlice, type ExportedSlice } from "../src/archive/export-events.ts";
import type { ExportAnswer, LinkAnswer, NoSlice } from "../src/archive/ports.ts";
import { Spool, SpoolMemory } from "../src/archive/spool.ts";
import type { SourceId } from "../src/core/ids.ts";
import type { ArchivePort, EraseAnswer, EraseRequest } from "../src/services.ts";
import type { ArchiveExports } from "./archive-exports.ts";
import type { FileBuckets } from "./file-buckets.ts";
import type { Reach } from "./reach.ts";
import { RewritesTable } from "./storage/rewrites-table.ts";
import { SpillRows } from "./storage/spill-table.ts";

/** Of one call, between two files: whoever calls waits for it. */
const SLICE_MS_MAX = 15_000;

/** Of compressed files on their way, together: an isolate has 128 MB, and more than one object. */
const SPOOL_BYTES_MAX = 12 * 1024 * 1024;

export type ErasingParts = {
  readonly storage: DurableObjectStorage;
  readonly sourceId: SourceId;
  readonly reach: Reach;
  readonly archive: Pick<ArchivePort, "months" | "enterJob">;
  readonly files: Pick<FileBuckets, "of">;
  readonly exports: Pick<ArchiveExports, "put">;
};

/** What all slices are made of. */
type SliceDeps = LinkDeps & Pick<EraseDeps, "bucket">;

/** The part of a deletion that rewrites a source's files. Whoever asks for it keeps the position. */
export class ArchiveErasing {
  readonly #parts: ErasingParts;
  readonly #spill: SpillRows;
  readonly #memory = new SpoolMemory(SPOOL_BYTES_MAX);
  #spools = 0;
  #isRunning = false;

  constructor(parts: ErasingParts) {
    this.#parts = parts;
    this.#spill = new SpillRows(parts.storage.sql);
  }

  /** One slice of taking users out of files. */
  async erase(request: EraseRequest): Promise<EraseAnswer> {
    return this.#slice(request, async (deps) => {
      const { storage, sourceId, reach } = this.#parts;
      this.#spill.clear();
      RewritesTable.prune(storage.sql, Date.now());
      return eraseSlice(request.position, {
        ...deps,
        log: new RewritesTable(storage.sql, request.regulationId),
        find: (month, key) => reach.archiveMonth(sourceId, month).find(key),
        rewrote: (month, file) => reach.archiveMonth(sourceId, month).rewrote(file),
        spool: () => new Spool(this.#spools++, this.#memory, this.#spill),
      });
    });
  }

  /** One slice of finding the anonymous ids that stand beside users. */
  async link(request: EraseRequest): Promise<LinkAnswer> {
    return this.#slice(request, (deps) => linkSlice(request.position, deps));
  }

  /** One slice of copying the events of users out of files. */
  async export(request: EraseRequest): Promise<ExportAnswer> {
    const work = async (deps: SliceDeps): Promise<ExportedSlice> => {
      this.#spill.clear();
      const spool = new Spool(this.#spools++, this.#memory, this.#spill);
      try {
        return await exportSlice(request.position, {
          ...deps,
          out: (gzip) => spool.append(gzip),
          put: (facts, events) => this.#parts.exports.put(request, spool, facts, events),
        });
      } finally {
        spool.drop();
      }
    };
    return this.#slice(request, work, "export");
  }

  /** One at a time: a caller that gave up waiting may ask while the last one still runs. */
  async #slice<T>(
    request: EraseRequest,
    work: (deps: SliceDeps) => Promise<T>,
    kind: "deletion" | "export" = "deletion",
  ): Promise<{ readonly kind: "slice"; readonly slice: T } | NoSlice> {
    if (this.#isRunning) return { kind: "unavailable" };
    this.#isRunning = true;
    try {
      const { archive } = this.#parts;
      const job = { id: request.regulationId, kind };
      const turn = await archive.enterJob(job);
      if (turn.kind === "waiting") return turn;
      return { kind: "slice", slice: await work(this.#deps(request, job)) };
    } finally {
      this.#isRunning = false;
    }
  }

  #deps(request: EraseRequest, job: JobRef): SliceDeps {
    const { sourceId, reach, archive, files } = this.#parts;
    const { subjectType: type, subjectIds, linkedIds } = request;
    const untilMs = Date.now() + SLICE_MS_MAX;
    return {
      subjects: {
        type,
        ids: new Set(subjectIds),
        ...(linkedIds === undefined ? {} : { linked: new Set(linkedIds) }),
      },
      fingerprintKey: request.fingerprintKey,
      months: () => archive.months(),
      matching: (month, hashes, after) =>
        reach.archiveMonth(sourceId, month).matching(hashes, after),
      bucket: (file) => files.of(file, "eraser"),
      isOver: () => Date.now() >= untilMs,
      mayGoOn: async () => (await archive.enterJob(job)).kind === "running",
    };
  }
}

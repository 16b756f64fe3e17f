import { eraseSlice, type EraseDeps } from "../src/archive/erase.ts";
import { Spool, SpoolMemory } from "../src/archive/spool.ts";
import type { SourceId } from "../src/core/ids.ts";
import type { ArchivePort, EraseAnswer, EraseRequest } from "../src/services.ts";
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
};

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

  /** One slice. One at a time: a caller that gave up waiting may ask while the last one still runs. */
  async erase(request: EraseRequest): Promise<EraseAnswer> {
    if (this.#isRunning) return { kind: "unavailable" };
    this.#isRunning = true;
    try {
      return await this.#erase(request);
    } finally {
      this.#isRunning = false;
    }
  }

  async #erase(request: EraseRequest): Promise<EraseAnswer> {
    const { storage, sourceId, reach, archive, files } = this.#parts;
    const job = { id: request.regulationId, kind: "deletion" } as const;
    const turn = await archive.enterJob(job);
    if (turn.kind === "waiting") return turn;
    this.#spill.clear();
    RewritesTable.prune(storage.sql, Date.now());
    const untilMs = Date.now() + SLICE_MS_MAX;
    const { subjectType: type, subjectIds, linkedIds } = request;
    const deps: EraseDeps = {
      subjects: {
        type,
        ids: new Set(subjectIds),
        ...(linkedIds === undefined ? {} : { linked: new Set(linkedIds) }),
      },
      fingerprintKey: request.fingerprintKey,
      log: new RewritesTable(storage.sql, request.regulationId),
      months: () => archive.months(),
      matching: (month, hashes, after) =>
        reach.archiveMonth(sourceId, month).matching(hashes, after),
      find: (month, key) => reach.archiveMonth(sourceId, month).find(key),
      bucket: (file) => files.of(file, "eraser"),
      rewrote: (month, file) => reach.archiveMonth(sourceId, month).rewrote(file),
      spool: () => new Spool(this.#spools++, this.#memory, this.#spill),
      isOver: () => Date.now() >= untilMs,
      mayGoOn: async () => (await archive.enterJob(job)).kind === "running",
    };
    return { kind: "slice", slice: await eraseSlice(request.position, deps) };
  }
}

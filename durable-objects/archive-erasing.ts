import { EraseFault, eraseSlice, type EraseDeps } from "../src/archive/erase.ts";
import type { SourceId } from "../src/core/ids.ts";
import type { ArchivePort, EraseAnswer, EraseRequest } from "../src/services.ts";
import type { FileBuckets } from "./file-buckets.ts";
import type { Reach } from "./reach.ts";

/** Of one call, between two files: whoever calls waits for it. */
const SLICE_MS_MAX = 15_000;

export type ErasingParts = {
  readonly sourceId: SourceId;
  readonly reach: Reach;
  readonly files: Pick<FileBuckets, "of">;
};

/** One slice of a deletion in a source's archive. Holds nothing: whoever asks keeps the position. */
export async function erase(
  request: EraseRequest,
  archive: Pick<ArchivePort, "months" | "enterJob">,
  { sourceId, reach, files }: ErasingParts,
): Promise<EraseAnswer> {
  const job = { id: request.regulationId, kind: "deletion" } as const;
  const turn = await archive.enterJob(job);
  if (turn.kind === "waiting") return turn;
  const untilMs = Date.now() + SLICE_MS_MAX;
  const deps: EraseDeps = {
    subjects: { type: request.subjectType, ids: new Set(request.subjectIds) },
    fingerprintKey: request.fingerprintKey,
    months: () => archive.months(),
    matching: (month, hashes, after) => reach.archiveMonth(sourceId, month).matching(hashes, after),
    bucket: (file) => files.of(file, "eraser"),
    rewrote: (month, file) => reach.archiveMonth(sourceId, month).rewrote(file),
    isOver: () => Date.now() >= untilMs,
    mayGoOn: async () => (await archive.enterJob(job)).kind === "running",
  };
  try {
    return { kind: "slice", slice: await eraseSlice(request.position, deps) };
  } catch (error) {
    if (error instanceof EraseFault) return { kind: "unavailable" };
    throw error;
  }
}

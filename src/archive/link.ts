import { sipKey } from "../core/siphash.ts";
import type { Bucket } from "../s3/bucket.ts";
import type { ArchiveFile } from "./archive-file.ts";
import type { MatchPage } from "./catalogue.ts";
import { EraseFault, READ_MS_MAX } from "./erase.ts";
import { FileFaultError } from "./read-lines.ts";
import { scanFile } from "./scan-lines.ts";
import { hashSubjects, SubjectFinder, type Subjects } from "./subjects.ts";
import { walkMatching, type WalkDeps, type WalkPosition } from "./walk-files.ts";

/** Anonymous ids that one request may add to a deletion; and all of them together, in characters. */
export const LINKED_MAX = 100_000;
export const LINKED_CHARS_MAX = 4_000_000;

/** Ids of one slice: once there are so many, it ends with the files in hand. */
const SLICE_IDS_MAX = 20_000;

/** What one slice found. */
export type LinkedSlice = {
  readonly isOver: boolean;
  readonly position?: WalkPosition;
  /** Each once in this slice; another may find it again. */
  readonly anonymousIds: readonly string[];
  /** There are more of them than a deletion takes on. */
  readonly isTooMany: boolean;
  readonly counts: { readonly filesRead: number; readonly bytesRead: number };
  readonly failure?: string;
};

export type LinkDeps = Omit<WalkDeps, "matching"> & {
  readonly subjects: Subjects;
  readonly fingerprintKey: string;
  matching(month: string, hashes: Uint8Array, after: string | undefined): Promise<MatchPage>;
  bucket(file: ArchiveFile): Promise<Pick<Bucket, "get">>;
};

/**
 * Reads the files that can hold one of the users, as far as the slice goes, for the anonymous ids that
 * stand on the same lines.
 */
export async function linkSlice(
  from: WalkPosition | undefined,
  deps: LinkDeps,
): Promise<LinkedSlice> {
  const hashes = hashSubjects(deps.subjects, deps.fingerprintKey);
  const finder = new SubjectFinder(deps.subjects, hashes);
  const found = new FoundIds();
  const counts = { filesRead: 0, bytesRead: 0 };
  const walked = await walkMatching(
    from,
    {
      months: () => deps.months(),
      matching: (month, after) => deps.matching(month, hashes, after),
      isOver: () => deps.isOver() || found.ids.size >= SLICE_IDS_MAX,
      mayGoOn: () => deps.mayGoOn(),
    },
    async (_month, file) => {
      const bucket = await deps.bucket(file);
      const object = await bucket.get(file.key, { signal: AbortSignal.timeout(READ_MS_MAX) });
      if (!object.ok && object.error.kind === "not-found") return;
      if (!object.ok) throw new EraseFault(`bucket-${object.error.kind}`);
      counts.filesRead += 1;
      counts.bytesRead += object.value.size ?? file.gzipBytes;
      await readIds(object.value.body, finder, deps.fingerprintKey, found);
    },
  );
  const { failure, ...rest } = walked;
  if (failure !== undefined && !(failure instanceof EraseFault)) throw failure;
  return {
    ...rest,
    anonymousIds: [...found.ids],
    isTooMany: found.isTooMany,
    counts,
    ...(failure === undefined ? {} : { failure: failure.message }),
  };
}

async function readIds(
  body: ReadableStream<Uint8Array>,
  finder: SubjectFinder,
  fingerprintKey: string,
  found: FoundIds,
): Promise<void> {
  try {
    await scanFile(body, sipKey(fingerprintKey), (stretch) => {
      for (let line = 0; line < stretch.lines; line++) {
        if (!finder.finds(stretch, line)) continue;
        for (const id of stretch.users(line)?.anonymousIds ?? []) found.add(id);
      }
    });
  } catch (error) {
    if (error instanceof FileFaultError) throw new EraseFault(error.fault);
    throw error;
  }
}

/** Ids, each once, up to what a deletion takes on. */
class FoundIds {
  readonly ids = new Set<string>();
  #chars = 0;
  isTooMany = false;

  add(id: string): void {
    if (this.ids.has(id)) return;
    const isRoom = this.ids.size < LINKED_MAX && this.#chars + id.length <= LINKED_CHARS_MAX;
    if (!isRoom) {
      this.isTooMany = true;
      return;
    }
    this.ids.add(id);
    this.#chars += id.length;
  }
}

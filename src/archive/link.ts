import type { MatchPage } from "./catalogue.ts";
import { EraseFault } from "./erase.ts";
import { MatchingScan, type MatchingDeps } from "./scan-matching.ts";
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

export type LinkDeps = Omit<WalkDeps, "matching"> &
  MatchingDeps & {
    matching(month: string, hashes: Uint8Array, after: string | undefined): Promise<MatchPage>;
  };

/**
 * Reads the files that can hold one of the users, as far as the slice goes, for the anonymous ids that
 * stand on the same lines.
 */
export async function linkSlice(
  from: WalkPosition | undefined,
  deps: LinkDeps,
): Promise<LinkedSlice> {
  const scan = new MatchingScan(deps);
  const found = new FoundIds();
  const walked = await walkMatching(
    from,
    {
      months: () => deps.months(),
      matching: (month, after) => deps.matching(month, scan.hashes, after),
      isOver: () => deps.isOver() || found.ids.size >= SLICE_IDS_MAX,
      mayGoOn: () => deps.mayGoOn(),
    },
    (_month, file) =>
      scan.scan(file, (stretch, line) => {
        for (const id of stretch.users(line)?.anonymousIds ?? []) found.add(id);
      }),
  );
  const { failure, ...rest } = walked;
  if (failure !== undefined && !(failure instanceof EraseFault)) throw failure;
  return {
    ...rest,
    anonymousIds: [...found.ids],
    isTooMany: found.isTooMany,
    counts: scan.counts,
    ...(failure === undefined ? {} : { failure: failure.message }),
  };
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

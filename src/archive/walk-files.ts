import type { ArchiveFile } from "./archive-file.ts";
import type { MatchPage } from "./catalogue.ts";

/** Where a walk is in the months of an archive; kept by whoever asks for it. */
export type WalkPosition = {
  readonly month: string;
  /** As a search of the month's filters goes on. */
  readonly after?: string;
  /** Set once nothing is left to do in the month. */
  readonly isOver?: true;
};

export type WalkDeps = {
  /** Every month that has files, oldest first. */
  months(): Promise<readonly string[]>;
  /** Files that may hold one of the users. */
  matching(month: string, after: string | undefined): Promise<MatchPage>;
  /** Whether this slice is over; asked between files. */
  isOver(): boolean;
  /** Called before each file; false when the turn is somebody else's now. */
  mayGoOn(): Promise<boolean>;
  /** Files in hand at once; {@link FILES_AT_ONCE} when absent. */
  readonly filesAtOnce?: number;
};

/** What a walk came to. */
export type Walked = {
  readonly isOver: boolean;
  /** What to hand in next; absent at the beginning, and once it is over. */
  readonly position?: WalkPosition;
  /** What a file's visit ended with, if one failed: every file before the position is over. */
  readonly failure?: unknown;
};

/** Files in hand at once: while one is written, the next ones are read. Each has one connection. */
const FILES_AT_ONCE = 3;

/**
 * Visits every file whose filter matches, as far as the slice goes: a few at once, and the position
 * never passes one that is not over. A kill repeats those in hand.
 */
export async function walkMatching(
  from: WalkPosition | undefined,
  deps: WalkDeps,
  visit: (month: string, file: ArchiveFile) => Promise<void>,
): Promise<Walked> {
  let position = from;
  for (const month of await deps.months()) {
    const isPast = position !== undefined && month < position.month;
    if (isPast || (position?.month === month && position.isOver === true)) continue;
    let after = position?.month === month ? position.after : undefined;
    do {
      const page = await deps.matching(month, after);
      const walked = await walkPage(page, deps, (file) => visit(month, file));
      if (!walked.isOver) {
        if (walked.after !== undefined) position = { month, after: walked.after };
        const { failure } = walked;
        return {
          isOver: false,
          ...(position === undefined ? {} : { position }),
          ...(failure === undefined ? {} : { failure }),
        };
      }
      after = page.next;
      position = after === undefined ? { month, isOver: true } : { month, after };
    } while (after !== undefined);
  }
  return { isOver: true };
}

type PageWalk = {
  readonly isOver: boolean;
  /** Behind the last file that is over, with all before it. */
  readonly after?: string;
  readonly failure?: unknown;
};

async function walkPage(
  page: MatchPage,
  deps: WalkDeps,
  visit: (file: ArchiveFile) => Promise<void>,
): Promise<PageWalk> {
  const { filesAtOnce = FILES_AT_ONCE } = deps;
  const inHand: Promise<void>[] = [];
  let after: string | undefined;
  let next = 0;
  let done = 0;
  let isStopped = false;
  try {
    while (done < page.files.length) {
      while (!isStopped && next < page.files.length && inHand.length < filesAtOnce) {
        isStopped = deps.isOver() || !(await deps.mayGoOn());
        const file = page.files[next];
        if (isStopped || file === undefined) break;
        const visited = visit(file);
        // Whoever waits for an earlier one hears of it later.
        visited.catch(() => undefined);
        inHand.push(visited);
        next += 1;
      }
      const oldest = inHand.shift();
      if (oldest === undefined) break;
      await oldest;
      after = page.positions[done] ?? after;
      done += 1;
    }
  } catch (failure) {
    await Promise.allSettled(inHand);
    return { isOver: false, failure, ...(after === undefined ? {} : { after }) };
  }
  return { isOver: done === page.files.length, ...(after === undefined ? {} : { after }) };
}

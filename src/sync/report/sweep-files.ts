import type { Bucket } from "../../s3/bucket.ts";
import type { BucketFailure } from "../../s3/failures.ts";

/** How long reports of runs are kept: Census's fourteen days. */
export const REPORTS_MS = 14 * 86_400_000;

/** Keys of one page of a listing, and of one removal; S3's own end. */
const PAGE_MAX = 1_000;

/** What a sweep of some folders came to. */
export type Swept = {
  readonly removed: number;
  /** Whether files stay, or what is there is not known, so that it has to be looked at again. */
  readonly isLeft: boolean;
  /** A code: why a bucket will not have some of them removed, whenever it is asked. */
  readonly refused?: string;
};

export type Sweep = {
  readonly buckets: readonly Pick<Bucket, "head" | "list" | "removeMany" | "removeWhole">[];
  readonly prefixes: readonly string[];
  /** When what stands in a file came about, where that is known: a deletion writes a file anew. */
  readonly madeAtMs: (key: string) => number | undefined;
  readonly beforeMs: number;
  /** Whether somebody is about to read or write that file. */
  readonly isInUse?: (key: string) => boolean;
};

/** Removes the files that are older than they are kept. A bucket that does not answer is left for later. */
export async function sweepFiles({ buckets, prefixes, ...rest }: Sweep): Promise<Swept> {
  let removed = 0;
  let isLeft = false;
  let refused: string | undefined;
  for (const bucket of buckets) {
    for (const prefix of prefixes) {
      const swept = await sweepFolder(bucket, prefix, rest);
      removed += swept.removed;
      isLeft ||= swept.isLeft;
      refused ??= swept.refused;
    }
  }
  return { removed, isLeft, ...(refused === undefined ? {} : { refused }) };
}

async function sweepFolder(
  bucket: Sweep["buckets"][number],
  prefix: string,
  { madeAtMs, beforeMs, isInUse }: Pick<Sweep, "madeAtMs" | "beforeMs" | "isInUse">,
): Promise<Swept> {
  let removed = 0;
  let isLeft = false;
  let refused: Pick<Swept, "refused"> = {};
  for (let after: string | undefined; ;) {
    const page = await bucket.list(prefix, {
      ...(after === undefined ? {} : { after }),
      max: PAGE_MAX,
    });
    if (!page.ok) return { removed, isLeft: true, ...refusalOf(page.error) };
    const { entries, next } = page.value;
    const old = entries.filter(
      ({ key, lastModifiedMs }) =>
        Math.min(lastModifiedMs, madeAtMs(key) ?? Infinity) < beforeMs && isInUse?.(key) !== true,
    );
    isLeft ||= old.length < entries.length;
    const [first] = old;
    if (first !== undefined) {
      const head = await bucket.head(first.key);
      const keys = old.map(({ key }) => key);
      // Nobody but a listing leads to these files, so that none may be hidden by a mark and left.
      if (!head.ok) return { removed, isLeft: true };
      const isVersioned = head.value.versionId !== undefined;
      const answer = await (isVersioned ? bucket.removeWhole(keys) : bucket.removeMany(keys));
      if (!answer.ok) return { removed, isLeft: true, ...refusalOf(answer.error) };
      const [code] = answer.value.refused.values();
      removed += old.length - answer.value.refused.size;
      if (code !== undefined) {
        isLeft = true;
        refused = { refused: code };
      }
    }
    if (next === undefined) return { removed, isLeft, ...refused };
    after = next;
  }
}

/** Nothing that may be otherwise when it is asked again. */
function refusalOf(error: BucketFailure): Pick<Swept, "refused"> {
  return error.kind === "refused" ? { refused: error.code } : {};
}

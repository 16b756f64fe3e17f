import type { Source } from "../source/source.ts";
import type { DiffNeeds, EngineKind } from "./change.ts";
import type { SumsFound } from "./diff-input.ts";

/** How the next diff is made, and why, for people. */
export type Plan =
  | { readonly engine: "checksum"; readonly bits: number; readonly why: string }
  | { readonly engine: Exclude<EngineKind, "checksum">; readonly why: string };

export type PlanFacts = {
  readonly source: Pick<Source, "kind"> & {
    readonly facts?: { readonly canSum: boolean; readonly rowsEstimate: number | undefined };
  };
  readonly needs: DiffNeeds;
  /** Keys that the destination accepted. */
  readonly accepted: number;
  /** Changes that the last run found; `undefined` when there was none that was whole. */
  readonly lastChanges: number | undefined;
  /** Whether everything is sent, and why; words for people. */
  readonly fullSync: string | undefined;
  /** Whether one row is tried, changed or not; sums would not show one that did not change. */
  readonly isTest?: boolean;
  /** Why the run under way reads every row, where it does so already; it goes on like that. */
  readonly readsInOrder?: string | undefined;
  /** Whether hashes of unchanged rows may differ from those that were recorded. */
  readonly isContractChanged: boolean;
};

/** Rows up to which reading all of them costs less than asking twice. */
const FEW_ROWS = 10_000;

/** Share of changed rows from which reading all of them in order is cheaper than asking for them. */
const SHARE_MAX = 0.1;

/** Share of changed rows for which sums are made to cost little. */
const SHARE_USUAL = 0.001;
/** How far the last run counts, in times of the usual share. */
const LAST_MAX = 4;

const BITS_MIN = 8;
const BITS_MAX = 20;

/** Chooses the engine of a diff. */
export function planOf(facts: PlanFacts): Plan {
  const { source, needs, accepted, lastChanges, fullSync } = facts;
  if (source.kind === "rows") {
    return {
      engine: "partition_join",
      why: "The source only gives its rows as they stand, so all of them are hashed and compared.",
    };
  }
  const inOrder = (why: string): Plan => ({ engine: "ordered_merge", why });
  // What sums showed once they would show again, at the price of another scan.
  if (facts.readsInOrder !== undefined) return inOrder(facts.readsInOrder);
  if (facts.isTest === true) return inOrder("One row is tried, whether it changed or not.");
  if (fullSync !== undefined) return inOrder(`Everything is sent: ${fullSync}.`);
  if (accepted === 0) return inOrder("Nothing was accepted yet, so every row is read.");
  if (needs.gone === "ignore") return inOrder("Only the rows of a window are read, all of them.");
  if (source.facts?.canSum === false) {
    return inOrder(
      "The server cannot sum hashes (Postgres 14 and newer can), so every row is read.",
    );
  }
  if (facts.isContractChanged) {
    return inOrder("The server or its settings changed, so sums would differ everywhere.");
  }
  const rows = Math.max(accepted, source.facts?.rowsEstimate ?? 0);
  if (rows <= FEW_ROWS) return inOrder(`${rows} rows are few enough to read all of them.`);
  if (lastChanges !== undefined && lastChanges > rows * SHARE_MAX) {
    return inOrder(
      `The last run found ${lastChanges} changes in ${rows} rows, so every row is read.`,
    );
  }
  const expected = expectedChanges(lastChanges, rows);
  const bits = bitsFor(expected, rows);
  return {
    engine: "checksum",
    bits,
    why: `About ${expected} changes are expected in ${rows} rows: the server sums them in ${2 ** bits} buckets, and only those that differ are read.`,
  };
}

/**
 * The usual share at least, because a run without changes is no promise, and half-way by ratio to what
 * the last run found, because one with many is no habit. So a run with the usual share reads at most
 * 2 % of all bytes after any other run.
 */
function expectedChanges(lastChanges: number | undefined, rows: number): number {
  const usual = rows * SHARE_USUAL;
  const last = lastChanges ?? usual;
  const near = Math.min(usual * LAST_MAX, Math.max(usual, last));
  return Math.ceil(Math.sqrt(usual * near));
}

/** Bytes of a row of keys (framing, the row's hash and a short key), in those of a bucket's sum. */
const KEY_PER_SUM = 4;

/**
 * Bits of the buckets with which sums and the keys of buckets that differ cost the same: `d` changes
 * in `n` rows make about `d` of `b` buckets differ, with `n/b` keys each.
 */
export function bitsFor(changes: number, rows: number): number {
  const buckets = Math.sqrt(KEY_PER_SUM * changes * rows);
  return Math.min(BITS_MAX, Math.max(BITS_MIN, Math.round(Math.log2(buckets))));
}

/** Whether sums showed so many changes that reading every row is cheaper. */
export function isTooMuch({ length, bits, rowsInAll }: SumsFound): boolean {
  if (rowsInAll <= FEW_ROWS) return false;
  const buckets = 2 ** bits;
  // So many changes, spread by chance, make that many of the buckets differ.
  const changes = -buckets * Math.log(1 - Math.min(length, buckets - 1) / buckets);
  return changes > rowsInAll * SHARE_MAX;
}

import { freeBytes } from "../../../core/free-bytes.ts";
import type { DedupStorage } from "./dedup-storage.ts";
import { compareToPrint, findOrdinal, partOf, printWord, RECORD_WORDS } from "./records.ts";
import { readPages, type Run } from "./run.ts";
import type { DedupSizes } from "./sizes.ts";

/** Called with the index of a fingerprint and the ordinal it was found under. */
export type Found = (index: number, ordinal: number) => void;

const RECORD_BYTES = RECORD_WORDS * Uint32Array.BYTES_PER_ELEMENT;

/** Fingerprints one query looks up at most; it returns about 200 KB then. */
const QUERY_PRINTS_MAX = 100;

/**
 * Records read on each side of where a fingerprint should stand in its page. Fingerprints are
 * spread evenly, so in a page of 1,000 the place is off by 16 on average and by more than this once
 * in some hundred times; the whole page is read then. Reading whole pages always would leave ten
 * times the garbage, which an isolate has no room for.
 */
const REACH_RECORDS = 48;

/** Looks the fingerprints at `wanted` up in one run and tells of each that is found. */
export function lookUp(
  storage: DedupStorage,
  sizes: DedupSizes,
  run: Run,
  prints: Uint8Array,
  wanted: readonly number[],
  found: Found,
): void {
  for (const group of queryGroups(run, sizes, prints, wanted)) {
    const page = partOf(printWord(prints, group[0] ?? 0, 0), run.pages);
    const table = `dedup_run_${run.id}_${Math.floor(page / sizes.tablePages)}`;
    for (const row of readWindows(storage, table, run, prints, group)) {
      const index = group[row.item] ?? 0;
      const window = new Uint32Array(row.window);
      const ordinal = findOrdinal(window, prints, index);
      if (ordinal !== undefined) found(index, ordinal);
      else if (!isBracketed(row, window, prints, index)) {
        lookUpInPage(storage, sizes, run, prints, index, found);
      }
      freeBytes(window);
    }
  }
}

type WindowRow = {
  readonly item: number;
  readonly first: number;
  readonly total: number;
  readonly window: ArrayBuffer;
};

/**
 * The part of each fingerprint's page around its place. The query works out page and place from the
 * first word as {@link partOf} does, in whole numbers; a page that does not exist gives no row.
 */
function readWindows(
  storage: DedupStorage,
  table: string,
  run: Run,
  prints: Uint8Array,
  group: readonly number[],
): WindowRow[] {
  return storage.sql
    .exec<WindowRow>(
      `SELECT item, first, total,
              substr(ids, first * ${RECORD_BYTES} + 1, ${2 * REACH_RECORDS * RECORD_BYTES}) AS window
       FROM (SELECT word.key AS item, run.ids AS ids, length(run.ids) / ${RECORD_BYTES} AS total,
                    max(0, ((((word.value * ${run.pages}) & 0xffffffff)
                             * (length(run.ids) / ${RECORD_BYTES})) >> 32) - ${REACH_RECORDS}) AS first
             FROM json_each(?) AS word CROSS JOIN ${table} AS run
               ON run.page = (word.value * ${run.pages}) >> 32)`,
      JSON.stringify(group.map((index) => printWord(prints, index, 0))),
    )
    .toArray();
}

/** Whether a fingerprint that is not in the window cannot be elsewhere in the page either. */
function isBracketed(
  row: WindowRow,
  window: Uint32Array,
  prints: Uint8Array,
  index: number,
): boolean {
  const last = window.length - RECORD_WORDS;
  const startsBelow = row.first === 0 || compareToPrint(window, 0, prints, index) < 0;
  const endsAbove =
    row.first + window.length / RECORD_WORDS >= row.total ||
    compareToPrint(window, last, prints, index) > 0;
  return startsBelow && endsAbove;
}

function lookUpInPage(
  storage: DedupStorage,
  sizes: DedupSizes,
  run: Run,
  prints: Uint8Array,
  index: number,
  found: Found,
): void {
  const page = partOf(printWord(prints, index, 0), run.pages);
  for (const records of readPages(storage, sizes, run, { first: page, end: page + 1 })) {
    const ordinal = findOrdinal(records, prints, index);
    if (ordinal !== undefined) found(index, ordinal);
    freeBytes(records);
  }
}

/** Cuts `wanted`, which is in the order of the pages, where the table changes or a query is full. */
function queryGroups(
  run: Run,
  sizes: DedupSizes,
  prints: Uint8Array,
  wanted: readonly number[],
): number[][] {
  const groups: number[][] = [];
  let group: number[] = [];
  let table = -1;
  for (const index of wanted) {
    const page = partOf(printWord(prints, index, 0), run.pages);
    const own = Math.floor(page / sizes.tablePages);
    if (own !== table || group.length === QUERY_PRINTS_MAX) {
      group = [];
      groups.push(group);
      table = own;
    }
    group.push(index);
  }
  return groups;
}

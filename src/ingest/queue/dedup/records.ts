import { PRINT_BYTES } from "../../append.ts";
import { freeWords } from "./free-words.ts";

/**
 * A record is what we keep of one messageId: its fingerprint as four little-endian words, then the
 * caller's ordinal. Records are ordered by their words as unsigned numbers, first word first.
 */
export const RECORD_WORDS = 5;
const PRINT_WORDS = 4;
const WORD_VALUES = 2 ** 32;

/** Sort keys hold a word and an index in the 53 exact bits of a number, so this is the most records. */
const SORT_RECORDS_MAX = 2 ** 20;

/** One of the four words of the fingerprint at `index`. */
export function printWord(prints: Uint8Array, index: number, word: number): number {
  const at = index * PRINT_BYTES + word * 4;
  const low = (prints[at] ?? 0) | ((prints[at + 1] ?? 0) << 8);
  return (low | ((prints[at + 2] ?? 0) << 16) | ((prints[at + 3] ?? 0) << 24)) >>> 0;
}

/**
 * Which of `parts` equal parts of the space of fingerprints the first word falls into. Fingerprints
 * are spread evenly, so parts fill evenly. Exact while `parts` is below 2 ** 21.
 */
export function partOf(firstWord: number, parts: number): number {
  return Math.floor((firstWord * parts) / WORD_VALUES);
}

/** Returns the records in order, each fingerprint once, with the lowest of its ordinals. */
export function sortRecords(records: Uint32Array): Uint32Array {
  const count = records.length / RECORD_WORDS;
  if (count > SORT_RECORDS_MAX) {
    throw new RangeError(`Cannot sort ${count} records at once: at most ${SORT_RECORDS_MAX}`);
  }
  const order = sortedOrder(records, count);
  const sorted = new Uint32Array(records.length);
  let kept = 0;
  for (let i = 0; i < count; i++) {
    const from = (order[i] ?? 0) * RECORD_WORDS;
    if (kept > 0 && comparePrints(sorted, (kept - 1) * RECORD_WORDS, records, from) === 0) continue;
    for (let w = 0; w < RECORD_WORDS; w++) {
      sorted[kept * RECORD_WORDS + w] = records[from + w] ?? 0;
    }
    kept += 1;
  }
  freeWords(order);
  return sorted.subarray(0, kept * RECORD_WORDS);
}

/** Sorts by the first word as plain numbers, which is fast, then puts the rare ties right. */
function sortedOrder(records: Uint32Array, count: number): Uint32Array {
  const keys = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    keys[i] = (records[i * RECORD_WORDS] ?? 0) * SORT_RECORDS_MAX + i;
  }
  keys.sort();
  const order = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    const item = (keys[i] ?? 0) % SORT_RECORDS_MAX;
    let at = i;
    while (at > 0 && compareRecords(records, order[at - 1] ?? 0, item) > 0) {
      order[at] = order[at - 1] ?? 0;
      at -= 1;
    }
    order[at] = item;
  }
  freeWords(keys);
  return order;
}

function compareRecords(records: Uint32Array, a: number, b: number): number {
  const byPrint = comparePrints(records, a * RECORD_WORDS, records, b * RECORD_WORDS);
  if (byPrint !== 0) return byPrint;
  return (
    (records[a * RECORD_WORDS + PRINT_WORDS] ?? 0) - (records[b * RECORD_WORDS + PRINT_WORDS] ?? 0)
  );
}

function comparePrints(a: Uint32Array, atA: number, b: Uint32Array, atB: number): number {
  for (let w = 0; w < PRINT_WORDS; w++) {
    const difference = (a[atA + w] ?? 0) - (b[atB + w] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** The ordinal of the fingerprint at `index` of `prints` in ordered records, if it is there. */
export function findOrdinal(
  records: Uint32Array,
  prints: Uint8Array,
  index: number,
): number | undefined {
  let low = 0;
  let high = records.length / RECORD_WORDS - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const difference = compareToPrint(records, middle * RECORD_WORDS, prints, index);
    if (difference === 0) return records[middle * RECORD_WORDS + PRINT_WORDS];
    if (difference < 0) low = middle + 1;
    else high = middle - 1;
  }
  return undefined;
}

/** Below, at or above zero as the record at `at` (a word) comes before, is or follows the print. */
export function compareToPrint(
  records: Uint32Array,
  at: number,
  prints: Uint8Array,
  index: number,
): number {
  for (let w = 0; w < PRINT_WORDS; w++) {
    const difference = (records[at + w] ?? 0) - printWord(prints, index, w);
    if (difference !== 0) return difference;
  }
  return 0;
}

import { freeBytes } from "../../../core/free-bytes.ts";
import { PRINT_BYTES } from "../../append.ts";

/**
 * A record is what we keep of one messageId: its fingerprint as four little-endian words, then the
 * caller's ordinal. Records are ordered by their words as unsigned numbers, first word first.
 */
export const RECORD_WORDS = 5;
const PRINT_WORDS = 4;
const WORD_VALUES = 2 ** 32;

/** Records sorted at once: 20 MB of them. */
const SORT_RECORDS_MAX = 2 ** 20;

/** Buckets that records are dealt out to: 2 to this power, a quarter of a megabyte of counts. */
const BUCKET_BITS_MAX = 16;

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
  freeBytes(order);
  return sorted.subarray(0, kept * RECORD_WORDS);
}

/**
 * Fingerprints are spread evenly, so that dealing them out by their first bits, about one to a
 * bucket, sorts them but for neighbours, and those are put right by insertion: linear all in all.
 */
function sortedOrder(records: Uint32Array, count: number): Uint32Array {
  const bits = Math.min(BUCKET_BITS_MAX, Math.max(1, 32 - Math.clz32(count)));
  const shift = 32 - bits;
  const next = bucketStarts(records, count, shift, 2 ** bits);
  const order = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    const bucket = (records[i * RECORD_WORDS] ?? 0) >>> shift;
    const at = next[bucket] ?? 0;
    order[at] = i;
    next[bucket] = at + 1;
  }
  freeBytes(next);
  for (let i = 1; i < count; i++) {
    const item = order[i] ?? 0;
    let at = i;
    while (at > 0 && compareRecords(records, order[at - 1] ?? 0, item) > 0) {
      order[at] = order[at - 1] ?? 0;
      at -= 1;
    }
    order[at] = item;
  }
  return order;
}

/** Where each bucket begins in the order, by how many records fall into those before it. */
function bucketStarts(
  records: Uint32Array,
  count: number,
  shift: number,
  buckets: number,
): Uint32Array {
  const starts = new Uint32Array(buckets);
  for (let i = 0; i < count; i++) {
    const bucket = (records[i * RECORD_WORDS] ?? 0) >>> shift;
    starts[bucket] = (starts[bucket] ?? 0) + 1;
  }
  let total = 0;
  for (let bucket = 0; bucket < buckets; bucket++) {
    const size = starts[bucket] ?? 0;
    starts[bucket] = total;
    total += size;
  }
  return starts;
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

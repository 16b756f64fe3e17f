import { compareKeys, ENTRY_WORDS, PREFIX_END, prefixAt } from "./packed.ts";

/** Entries that share a place in the first pass, on average. */
const ENTRIES_PER_PLACE = 2;

/**
 * The order of entries by key hash; those of the same key keep their order. Hashes are spread evenly,
 * so placing each by its first bits leaves next to nothing to sort, whatever the number.
 *
 * @param stride words from one entry to the next.
 */
export function sortOrder(words: Uint32Array, count: number, stride = ENTRY_WORDS): Uint32Array {
  const { prefixes, low, high } = prefixesOf(words, count, stride);
  const places = Math.max(1, Math.ceil(count / ENTRIES_PER_PLACE));
  const scale = places / (high - low + 1);
  const starts = new Uint32Array(places + 1);
  const placeOf = (prefix: number): number =>
    Math.min(places - 1, Math.floor((prefix - low) * scale));
  for (let i = 0; i < count; i++) {
    const place = placeOf(prefixes[i] ?? 0) + 1;
    starts[place] = (starts[place] ?? 0) + 1;
  }
  for (let i = 1; i <= places; i++) starts[i] = (starts[i] ?? 0) + (starts[i - 1] ?? 0);
  const order = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    const place = placeOf(prefixes[i] ?? 0);
    const at = starts[place] ?? 0;
    order[at] = i;
    starts[place] = at + 1;
  }
  sortNearly(order, prefixes, words, stride);
  return order;
}

function prefixesOf(words: Uint32Array, count: number, stride: number) {
  const prefixes = new Float64Array(count);
  let low = PREFIX_END;
  let high = 0;
  for (let i = 0; i < count; i++) {
    const prefix = prefixAt(words, i * stride);
    prefixes[i] = prefix;
    if (prefix < low) low = prefix;
    if (prefix > high) high = prefix;
  }
  return { prefixes, low: Math.min(low, high), high };
}

/** Sorts what is nearly in order, by insertion. */
function sortNearly(
  order: Uint32Array,
  prefixes: Float64Array,
  words: Uint32Array,
  stride: number,
): void {
  for (let i = 1; i < order.length; i++) {
    const entry = order[i] ?? 0;
    const prefix = prefixes[entry] ?? 0;
    let at = i;
    while (at > 0) {
      const before = order[at - 1] ?? 0;
      const difference = (prefixes[before] ?? 0) - prefix;
      if (difference < 0) break;
      if (difference === 0 && compareKeys(words, before * stride, words, entry * stride) <= 0) {
        break;
      }
      order[at] = before;
      at -= 1;
    }
    order[at] = entry;
  }
}

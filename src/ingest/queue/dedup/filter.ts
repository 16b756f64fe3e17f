import { partOf, RECORD_WORDS } from "./records.ts";

/**
 * A blocked Bloom filter: it answers "certainly not" or "perhaps" for one block of 64 bytes, one
 * cache line. Blocks are addressed by the first word like pages are, and a page has a whole number
 * of them, so that a merge can write the filter of its pages without holding that of the run.
 */
const BLOCK_WORDS = 16;
const BLOCK_BITS = BLOCK_WORDS * 32;
const BITS_PER_PROBE = 9; // log2(BLOCK_BITS)
/** Probes that one word of a fingerprint has bits for; the next ones take theirs from the third word. */
const PROBES_PER_WORD = 3;

/**
 * Bits per id by the size of a run: there are many small runs and few large ones, so precision is
 * cheapest where the runs are small. False positives, which cost the read of one page, are about
 * 0.2 %, 9 %, 30 % and 39 % of the unknown ids.
 */
const DENSITIES = [
  { idsMax: 400_000, bitsPerId: 16, probes: 6 },
  { idsMax: 2_000_000, bitsPerId: 5, probes: 3 },
  { idsMax: 10_000_000, bitsPerId: 2.5, probes: 2 },
  { idsMax: Infinity, bitsPerId: 2, probes: 1 },
] as const;

export type FilterShape = {
  /** Blocks of all pages together. */
  readonly blocks: number;
  /** Blocks of one piece, which is the filter of one slice of pages and one row on disk. */
  readonly blocksPerPiece: number;
  readonly probes: number;
};

/** A filter as it is read: all its pieces in order. Joining them would double the memory to load. */
export type Filter = readonly Uint32Array[];

/** The shape of the filter for a run of `ids` ids in `pages` pages; depends on nothing else. */
export function filterShape(ids: number, pages: number, slicePages: number): FilterShape {
  const density = DENSITIES.find(({ idsMax }) => ids <= idsMax) ?? DENSITIES[3];
  const blocksPerPage = Math.ceil((ids / pages) * (density.bitsPerId / BLOCK_BITS));
  return {
    blocks: blocksPerPage * pages,
    blocksPerPiece: blocksPerPage * slicePages,
    probes: density.probes,
  };
}

export function filterBytes(shape: FilterShape): number {
  return shape.blocks * BLOCK_WORDS * Uint32Array.BYTES_PER_ELEMENT;
}

/** The filter of ordered `records`, cut to the blocks of the pages from `first` to before `end`. */
export function buildFilter(
  shape: FilterShape,
  records: Uint32Array,
  range: { readonly first: number; readonly end: number; readonly pages: number },
): Uint32Array {
  const wordsPerPage = (shape.blocks * BLOCK_WORDS) / range.pages;
  const bits = new Uint32Array((range.end - range.first) * wordsPerPage);
  const skipped = range.first * wordsPerPage;
  for (let at = 0; at < records.length; at += RECORD_WORDS) {
    const block = partOf(records[at] ?? 0, shape.blocks) * BLOCK_WORDS - skipped;
    for (let probe = 0; probe < shape.probes; probe++) {
      const bit = bitOf(records[at + 1] ?? 0, records[at + 2] ?? 0, probe);
      const word = block + (bit >>> 5);
      bits[word] = (bits[word] ?? 0) | (1 << (bit & 31));
    }
  }
  return bits;
}

/** The bit of its block that a probe looks at. */
function bitOf(secondWord: number, thirdWord: number, probe: number): number {
  const word = probe < PROBES_PER_WORD ? secondWord : thirdWord;
  return (word >>> ((probe % PROBES_PER_WORD) * BITS_PER_PROBE)) & (BLOCK_BITS - 1);
}

/** False when no id with these first three words is in the run; true when one may be. */
export function mayHold(
  filter: Filter,
  shape: FilterShape,
  firstWord: number,
  secondWord: number,
  thirdWord: number,
): boolean {
  const block = partOf(firstWord, shape.blocks);
  const piece = filter[Math.floor(block / shape.blocksPerPiece)];
  if (piece === undefined)
    throw new Error(`Cannot find block ${block} of ${shape.blocks} in a filter`);
  const word = (block % shape.blocksPerPiece) * BLOCK_WORDS;
  for (let probe = 0; probe < shape.probes; probe++) {
    const bit = bitOf(secondWord, thirdWord, probe);
    if (((piece[word + (bit >>> 5)] ?? 0) & (1 << (bit & 31))) === 0) return false;
  }
  return true;
}

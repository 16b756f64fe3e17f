import { PRINT_BYTES } from "../../src/ingest/append.ts";
import { sipHash128, sipKey } from "../../src/core/siphash.ts";

const KEY = sipKey("000102030405060708090a0b0c0d0e0f");

/** The fingerprints of the ids "id-<number>" for these numbers, one after another. */
export function printsOf(numbers: readonly number[]): Uint8Array {
  const prints = new Uint8Array(numbers.length * PRINT_BYTES);
  for (const [i, number] of numbers.entries())
    sipHash128(KEY, `id-${number}`, prints, i * PRINT_BYTES);
  return prints;
}

/** The numbers from `from` to before `end`. */
export function range(from: number, end: number): number[] {
  return Array.from({ length: end - from }, (_, i) => from + i);
}

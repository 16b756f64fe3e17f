import type { RowHasher } from "../../engine/row-hash.ts";
import { KEY_HASH_BYTES, type HashedRow, type SourceRow } from "../source.ts";
import type { Tuple } from "./tuples.ts";

const HASH_BYTES = 8;
const SIGN = 0x80;
/** Fields before the cells: two of the key's hash and one of the row's. */
const HASHES = 3;

/** Each byte as two digits: faster than to format them. */
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** A text may begin with U+FEFF, which is a part of it. */
const decoder = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });
/** One character a byte; those that are not ASCII are other characters, and looked for. */
const asciiDecoder = new TextDecoder("latin1");
const NOT_ASCII = /[^\0-\x7f]/;
const scratch = new Uint8Array(KEY_HASH_BYTES);

/**
 * The cells of a row from its `first` field on. A decoder is called once a row and not once a cell
 * where all of the row is ASCII, with the lengths between the cells; that is half of the work.
 */
export function cellsOf({ bytes, starts, lengths }: Tuple, first = 0): SourceRow {
  const from = starts[first] ?? 0;
  const last = lengths.length - 1;
  const end = (starts[last] ?? 0) + Math.max(lengths[last] ?? 0, 0);
  const text = asciiDecoder.decode(bytes.subarray(from, end));
  const isAscii = !NOT_ASCII.test(text);
  const cells: (string | null)[] = [];
  for (let field = first; field <= last; field += 1) {
    const start = starts[field] ?? 0;
    const length = lengths[field] ?? -1;
    if (length < 0) cells.push(null);
    else if (isAscii) cells.push(text.slice(start - from, start - from + length));
    else cells.push(decoder.decode(bytes.subarray(start, start + length)));
  }
  return cells;
}

/** A row with its hashes before its cells; `undefined` for one without a key. */
export function hashedRow(tuple: Tuple): HashedRow | undefined {
  const { view, starts, lengths } = tuple;
  if ((lengths[0] ?? -1) < 0) return undefined;
  return {
    keyHash: keyHashHex(tuple),
    rowHash: view.getBigUint64(starts[HASHES - 1] ?? 0),
    row: cellsOf(tuple, HASHES),
  };
}

/** A row of nothing but its hash and the cells of its key, from which the key's is computed. */
export function keyRow(tuple: Tuple, hasher: RowHasher): HashedRow | undefined {
  const { view, starts } = tuple;
  const row = cellsOf(tuple, 1);
  const keyHash = hasher.hashKey(row);
  return keyHash === undefined
    ? undefined
    : { keyHash, rowHash: view.getBigUint64(starts[0] ?? 0), row };
}

/** The cells of a row that comes with hashes. */
export function cellsAfterHashes(tuple: Tuple): SourceRow {
  return cellsOf(tuple, HASHES);
}

/** The two numbers that a key's hash in hex is made of, as the server has them. */
export function numbersOf(keyHash: string): readonly [bigint, bigint] {
  const half = HASH_BYTES * 2;
  const least = 1n << 63n;
  const [a, b] = [keyHash.slice(0, half), keyHash.slice(half)];
  return [BigInt(`0x${a}`) - least, BigInt(`0x${b}`) - least];
}

/** Signed numbers as bytes that sort alike: the sign's bit is the other way round. */
function keyHashHex({ bytes, starts }: Tuple): string {
  const [a = 0, b = 0] = starts;
  scratch.set(bytes.subarray(a, a + HASH_BYTES));
  scratch.set(bytes.subarray(b, b + HASH_BYTES), HASH_BYTES);
  scratch[0] = (scratch[0] ?? 0) ^ SIGN;
  scratch[HASH_BYTES] = (scratch[HASH_BYTES] ?? 0) ^ SIGN;
  let hex = "";
  for (const byte of scratch) hex += HEX[byte];
  return hex;
}

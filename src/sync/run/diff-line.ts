import type { Change } from "../engine/change.ts";
import type { SourceRow } from "../source/source.ts";

/** Kinds of change as a diff file writes them. */
const LETTERS = { insert: "i", update: "u", delete: "d" } as const;
const KINDS = { i: "insert", u: "update", d: "delete" } as const;

/** A change as one line of a diff file: `[kind, hex of the key's hash, hex of the row's, cells]`. */
export function diffLine({ kind, keyHash, rowHash, row }: Change): string {
  return `${JSON.stringify([LETTERS[kind], keyHash, rowHash.toString(16), row])}\n`;
}

/**
 * The change that {@link diffLine} wrote.
 *
 * @throws Error for any other line; it quotes nothing of it.
 */
export function parseDiffLine(line: string): Change {
  const parts = parse(line);
  if (!Array.isArray(parts)) throw notOurs();
  const [letter, keyHash, rowHash, row] = parts as unknown[];
  const isWhole =
    (letter === "i" || letter === "u" || letter === "d") &&
    typeof keyHash === "string" &&
    typeof rowHash === "string" &&
    Array.isArray(row);
  if (!isWhole) throw notOurs();
  return { kind: KINDS[letter], keyHash, rowHash: BigInt(`0x${rowHash}`), row: row as SourceRow };
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw notOurs();
  }
}

function notOurs(): Error {
  return new Error("Cannot read a diff file: a line is not as it was written");
}

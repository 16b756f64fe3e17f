import { createHash } from "node:crypto";

/** Bytes of a name: Postgres's limit, beyond which it would cut names and let two become one. */
export const NAME_BYTES_MAX = 63;

const HASH_CHARS = 8;

/** A run of capitals and digits with what follows in lower case, or a run of lower case alone. */
const WORD = /[A-Z0-9]+[a-z0-9]*|[a-z0-9]+/g;

/** ASCII words in lower case with `_` between, as Segment's warehouses name tables and columns. */
export function snakeCase(text: string): string {
  return (text.match(WORD) ?? []).join("_").toLowerCase();
}

/**
 * The name of a table or column for a text. One that has no ASCII word is named by its hash, one that
 * begins with a digit gets a `_`, and one that is too long ends in its hash instead.
 */
export function nameFor(text: string): string {
  const words = snakeCase(text);
  const name = words === "" ? `_${hashOf(text)}` : words.replace(/^(?=\d)/, "_");
  if (name.length <= NAME_BYTES_MAX) return name;
  return `${name.slice(0, NAME_BYTES_MAX - HASH_CHARS - 1)}_${hashOf(name)}`;
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, HASH_CHARS);
}

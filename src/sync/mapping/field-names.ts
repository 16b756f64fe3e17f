import type { FieldNormalization } from "./mapping.ts";

/** The name of a field made of a column's. */
export function fieldNameOf(column: string, normalization: FieldNormalization): string {
  const words = wordsOf(column);
  switch (normalization) {
    case "match_source_names":
      return column;
    case "lower_case":
      return column.toLowerCase();
    case "upper_case":
      return column.toUpperCase();
    case "snake_case":
      return words.map((word) => word.toLowerCase()).join("_");
    case "camel_case":
      return words.map((word, at) => (at === 0 ? word.toLowerCase() : capital(word))).join("");
    case "start_case":
      return words.map(capital).join(" ");
  }
}

/** `userIDCount_2` is user, ID, Count, 2. */
function wordsOf(column: string): readonly string[] {
  return (
    column.match(/\p{Lu}+(?=\p{Lu}\p{Ll})|\p{Lu}?\p{Ll}+|\p{Lu}+|\p{N}+|[^\p{L}\p{N}\s_-]+/gu) ?? [
      column,
    ]
  );
}

function capital(word: string): string {
  return word.slice(0, 1).toUpperCase() + word.slice(1).toLowerCase();
}

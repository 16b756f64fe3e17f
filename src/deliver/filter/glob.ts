/**
 * Patterns of `match`: `*` any characters, `?` one, `[a-z]` one of a set and `[^a-z]` one outside of
 * it, `\x` that very character. A slash is a character like any other.
 */
export type Glob = readonly GlobPart[];

type GlobPart =
  | { readonly kind: "char"; readonly char: string }
  | { readonly kind: "any" }
  | { readonly kind: "many" }
  | {
      readonly kind: "set";
      readonly isInside: boolean;
      readonly ranges: readonly (readonly [low: string, high: string])[];
    };

/** Reads a pattern; `undefined` when it is none, e.g. for a set without an end. */
export function parseGlob(pattern: string): Glob | undefined {
  const chars = Array.from(pattern);
  const parts: GlobPart[] = [];
  for (let at = 0; at < chars.length; at++) {
    const char = chars[at] ?? "";
    if (char === "*") {
      if (parts.at(-1)?.kind !== "many") parts.push({ kind: "many" });
    } else if (char === "?") {
      parts.push({ kind: "any" });
    } else if (char === "[") {
      const set = readSet(chars, at + 1);
      if (set === undefined) return undefined;
      parts.push(set.part);
      at = set.end;
    } else {
      const literal = char === "\\" ? chars[++at] : char;
      if (literal === undefined) return undefined;
      parts.push({ kind: "char", char: literal });
    }
  }
  return parts;
}

type ReadSet = { readonly part: GlobPart; readonly end: number };

function readSet(chars: readonly string[], start: number): ReadSet | undefined {
  const isInside = chars[start] !== "^";
  const ranges: (readonly [string, string])[] = [];
  let at = isInside ? start : start + 1;
  while (chars[at] !== "]" || ranges.length === 0) {
    const low = readMember(chars, at);
    if (low === undefined) return undefined;
    at = low.end;
    const high = chars[at] === "-" ? readMember(chars, at + 1) : low;
    if (high === undefined) return undefined;
    at = high.end;
    ranges.push([low.char, high.char]);
  }
  return { part: { kind: "set", isInside, ranges }, end: at };
}

function readMember(
  chars: readonly string[],
  at: number,
): { readonly char: string; readonly end: number } | undefined {
  const isEscaped = chars[at] === "\\";
  const char = chars[isEscaped ? at + 1 : at];
  if (char === undefined || (!isEscaped && (char === "-" || char === "]"))) return undefined;
  return { char, end: at + (isEscaped ? 2 : 1) };
}

/**
 * Whether all of `text` fits the pattern. It takes at most pattern times text steps, whatever both
 * are: after a mismatch only the last `*` is tried one character longer.
 */
export function matchesGlob(glob: Glob, text: string): boolean {
  const chars = Array.from(text);
  let part = 0;
  let at = 0;
  let retry: { readonly part: number; at: number } | undefined;
  while (at < chars.length) {
    const wanted = glob[part];
    if (wanted?.kind === "many") {
      retry = { part: part + 1, at };
      part += 1;
    } else if (wanted !== undefined && fits(wanted, chars[at] ?? "")) {
      part += 1;
      at += 1;
    } else if (retry === undefined) {
      return false;
    } else {
      retry.at += 1;
      at = retry.at;
      part = retry.part;
    }
  }
  return glob.slice(part).every(({ kind }) => kind === "many");
}

function fits(part: GlobPart, char: string): boolean {
  switch (part.kind) {
    case "any":
    case "many":
      return true;
    case "char":
      return part.char === char;
    case "set":
      return part.ranges.some(([low, high]) => low <= char && char <= high) === part.isInside;
  }
}

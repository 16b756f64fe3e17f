import { err, ok, type Result } from "../../core/result.ts";
import { pathNames } from "./fields.ts";
import type { FqlProblem } from "./fql.ts";

export type Token = { readonly at: number } & (
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "word"; readonly names: readonly string[]; readonly isPlain: boolean }
  | { readonly kind: "sign"; readonly sign: string }
  | { readonly kind: "end" }
);

const SPACE = /\s*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.\\-])/y;
/** A field path: letters, digits, `_` and `-`, dots between, anything else behind a backslash. */
const WORD = /(?:[A-Za-z_]|\\[^])(?:[\w.-]|\\[^])*/uy;
const SIGN = /!=|<=|>=|[=<>!()[\],]/y;

/** Cuts an FQL text into tokens, the last of which is its end. */
export function tokensOf(text: string): Result<readonly Token[], FqlProblem> {
  const tokens: Token[] = [];
  let at = 0;
  for (;;) {
    at += take(SPACE, text, at)?.length ?? 0;
    if (at >= text.length) return ok([...tokens, { kind: "end", at }]);
    const read = readToken(text, at);
    if (read === undefined) return err({ at, problem: "has a character that is no FQL" });
    tokens.push(read.token);
    at += read.length;
  }
}

type Read = { readonly token: Token; readonly length: number };

function readToken(text: string, at: number): Read | undefined {
  const first = text[at];
  if (first === "'" || first === '"') return readString(text, at);
  const number = take(NUMBER, text, at);
  if (number !== undefined) {
    const token: Token = { kind: "number", value: Number(number), at };
    return { token, length: number.length };
  }
  const word = take(WORD, text, at);
  if (word !== undefined) return readWord(word, at);
  const sign = take(SIGN, text, at);
  return sign === undefined
    ? undefined
    : { token: { kind: "sign", sign, at }, length: sign.length };
}

/**
 * A text in either quotes. A backslash takes away the meaning of a quote or a backslash behind it;
 * before anything else it stays, since patterns of `match` are written with it.
 */
function readString(text: string, at: number): Read | undefined {
  const quote = text[at];
  let value = "";
  for (let next = at + 1; next < text.length; next++) {
    const char = text[next] ?? "";
    if (char === quote) {
      return { token: { kind: "string", value, at }, length: next + 1 - at };
    }
    const escaped = char === "\\" ? text[next + 1] : undefined;
    if (escaped === "'" || escaped === '"' || escaped === "\\") {
      value += escaped;
      next += 1;
    } else {
      value += char;
    }
  }
  return undefined;
}

function readWord(word: string, at: number): Read | undefined {
  const names = pathNames(word);
  if (names === undefined) return undefined;
  const isPlain = /^[A-Za-z]+$/.test(word);
  return { token: { kind: "word", names, isPlain, at }, length: word.length };
}

function take(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}

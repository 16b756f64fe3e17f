import type { ColumnType } from "../source.ts";
import { badFile } from "./failure.ts";

/** A member's text as a cell has it, and what it holds. */
export type JsonCell = { readonly text: string | null; readonly type: ColumnType | undefined };

const SPACE = /[ \t\r\n]/;
const END_OF_PLAIN = /[,}\]\s]/g;

/**
 * The members of a line that is a JSON object, by name. A number keeps the text that the file has, a
 * string is its characters, anything with members is JSON without spaces, and null is NULL.
 *
 * @throws SourceFailure.
 */
export function readObject(line: string): ReadonlyMap<string, JsonCell> {
  checkObject(line);
  const cells = new Map<string, JsonCell>();
  let at = skip(line, skip(line, 0) + 1);
  while (line[at] !== "}") {
    const nameEnd = endOfString(line, at);
    const name = JSON.parse(line.slice(at, nameEnd)) as string;
    const start = skip(line, skip(line, nameEnd) + 1);
    const end = endOfValue(line, start);
    cells.set(name, cellOf(line.slice(start, end)));
    at = skip(line, end);
    if (line[at] === ",") at = skip(line, at + 1);
  }
  return cells;
}

/** Whether the line is JSON is left to the parser; what it says of it quotes the line. */
function checkObject(line: string): void {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw badFile("a line is not JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw badFile("a line is not a JSON object");
  }
}

function cellOf(json: string): JsonCell {
  const [first = ""] = json;
  if (first === '"') return { text: JSON.parse(json) as string, type: "text" };
  if (first === "n") return { text: null, type: undefined };
  if (first === "t" || first === "f") return { text: json, type: "boolean" };
  if (first === "{" || first === "[") return { text: compact(json), type: "json" };
  return { text: json, type: /^-?\d+$/.test(json) ? "integer" : "decimal" };
}

function skip(text: string, from: number): number {
  let at = from;
  while (at < text.length && SPACE.test(text[at] ?? "")) at += 1;
  return at;
}

/** The place after a string that begins at `at`. */
function endOfString(text: string, at: number): number {
  for (let end = text.indexOf('"', at + 1); ; end = text.indexOf('"', end + 1)) {
    let escapes = 0;
    while (text[end - 1 - escapes] === "\\") escapes += 1;
    if (escapes % 2 === 0) return end + 1;
  }
}

function endOfValue(text: string, at: number): number {
  const first = text[at];
  if (first === '"') return endOfString(text, at);
  if (first !== "{" && first !== "[") {
    END_OF_PLAIN.lastIndex = at;
    return END_OF_PLAIN.exec(text)?.index ?? text.length;
  }
  let depth = 0;
  for (let end = at; ;) {
    const char = text[end];
    if (char === '"') {
      end = endOfString(text, end);
      continue;
    }
    if (char === "{" || char === "[") depth += 1;
    if (char === "}" || char === "]") depth -= 1;
    end += 1;
    if (depth === 0) return end;
  }
}

/** Without the spaces between what is written; numbers stay as they are. */
function compact(json: string): string {
  let text = "";
  for (let at = 0; at < json.length;) {
    const char = json[at] ?? "";
    if (char === '"') {
      const end = endOfString(json, at);
      text += json.slice(at, end);
      at = end;
      continue;
    }
    if (!SPACE.test(char)) text += char;
    at += 1;
  }
  return text;
}

/** What a column holds in which values of both types stand. */
export function commonType(
  a: ColumnType | undefined,
  b: ColumnType | undefined,
): ColumnType | undefined {
  if (a === b || b === undefined) return a;
  if (a === undefined) return b;
  const isNumber = (type: ColumnType): boolean => type === "integer" || type === "decimal";
  return isNumber(a) && isNumber(b) ? "decimal" : "text";
}

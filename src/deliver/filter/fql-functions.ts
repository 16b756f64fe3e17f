import { isMap, jsonOf } from "./fields.ts";
import type { FqlFunction, FqlValue } from "./fql.ts";
import { matchesGlob, parseGlob } from "./glob.ts";

/**
 * Why a filter could not be evaluated for an event. It stops at the evaluator's own door: such an
 * event is not sent.
 */
export class FqlFault extends Error {}

/** A number as people write it, with no spaces: nothing that JavaScript would read into a text. */
const NUMERAL = /^[-+]?(?:\d+(?:\.\d+)?|\.\d+)(?:e[-+]?\d+)?$/i;

type Call = (of: readonly FqlValue[]) => FqlValue;

/**
 * The functions of FQL. A text function that is given something else than a text treats it as null,
 * as Segment's evaluator does; where that would make up a value (a length, a number) it is a fault.
 */
export const FUNCTIONS: Readonly<Record<FqlFunction, Call>> = {
  bool: ([value = null]) => toBoolean(value),
  contains: ([text = null, part = null]) =>
    typeof text === "string" && typeof part === "string" && text.includes(part),
  kebabcase: mapText((text) => text.replaceAll(/\s/g, "-")),
  length: ([value = null]) => lengthOf(value),
  lowercase: mapText((text) => text.toLowerCase()),
  match: ([text = null, pattern = null]) => matches(text, pattern),
  number: ([value = null]) => toNumber(value),
  snakecase: mapText((text) => text.replaceAll(/\s/g, "_")),
  string: ([value = null]) => toText(value),
  titlecase: mapText((text) =>
    text.replaceAll(/(^|\s)(\S)/g, (_, space: string, letter: string) => {
      return space + letter.toUpperCase();
    }),
  ),
  typeof: ([value = null]) => typeOf(value),
  uppercase: mapText((text) => text.toUpperCase()),
};

function mapText(change: (text: string) => string): Call {
  return ([value = null]) => (typeof value === "string" ? change(value) : null);
}

function matches(text: FqlValue, pattern: FqlValue): boolean {
  if (typeof text !== "string" || typeof pattern !== "string") return false;
  const glob = parseGlob(pattern);
  if (glob === undefined) throw new FqlFault("Cannot read a pattern");
  return matchesGlob(glob, text);
}

/** Elements of a list, bytes of a text. */
function lengthOf(value: FqlValue): number {
  if (value === null) return 0;
  if (Array.isArray(value)) return value.length;
  if (typeof value === "string") return new TextEncoder().encode(value).byteLength;
  throw new FqlFault("Cannot take the length of what has none");
}

function typeOf(value: FqlValue): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "list";
  return typeof value === "boolean" ? "bool" : typeof value;
}

function toBoolean(value: FqlValue): boolean {
  if (value === null) return false;
  if (typeof value === "boolean") return value;
  if (typeof value === "number") return value !== 0;
  if (Array.isArray(value)) return value.length > 0;
  if (value === "true" || value === "1") return true;
  if (value === "false" || value === "0" || value === "") return false;
  throw new FqlFault("Cannot make true or false of a value");
}

function toNumber(value: FqlValue): number | null {
  if (value === null || typeof value === "number") return value;
  if (typeof value === "string" && NUMERAL.test(value)) return Number(value);
  throw new FqlFault("Cannot make a number of a value");
}

function toText(value: FqlValue): string | null {
  if (value === null || typeof value === "string") return value;
  if (isMap(value)) throw new FqlFault("Cannot make a text of an object");
  if (!Array.isArray(value)) return String(value);
  const json = jsonOf(value);
  if (json === undefined) throw new FqlFault("Cannot make a text of what is so deep");
  return json;
}

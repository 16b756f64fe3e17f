/**
 * The filter query language (FQL) of destination filters: the shape of a parsed filter. Ours has an
 * evaluator of its own because Segment's client one, @segment/tsub, lets events through where it does
 * not know a function, a path with escapes, or a list of the event; where it does know, ours agrees
 * with it (test/unit/deliver/filter).
 */

/** What expressions come to. A field that an event does not have is `null`. */
export type FqlValue = null | boolean | number | string | FqlList | FqlMap;
export type FqlList = readonly unknown[];
/** A field that holds an object: no operator or function takes one but `=`, `!=` and `typeof`. */
export type FqlMap = Readonly<Record<string, unknown>>;

export type Comparison = "=" | "!=" | "<" | "<=" | ">" | ">=" | "in";

export const FQL_FUNCTIONS = [
  "bool",
  "contains",
  "kebabcase",
  "length",
  "lowercase",
  "match",
  "number",
  "snakecase",
  "string",
  "titlecase",
  "typeof",
  "uppercase",
] as const;

export type FqlFunction = (typeof FQL_FUNCTIONS)[number];

export type FqlNode =
  | { readonly kind: "literal"; readonly value: null | boolean | number | string }
  | { readonly kind: "list"; readonly items: readonly FqlNode[] }
  | { readonly kind: "path"; readonly names: readonly string[] }
  | { readonly kind: "call"; readonly name: FqlFunction; readonly of: readonly FqlNode[] }
  | {
      readonly kind: "compare";
      readonly operator: Comparison;
      readonly left: FqlNode;
      readonly right: FqlNode;
    }
  | { readonly kind: "not"; readonly of: FqlNode }
  | { readonly kind: "and" | "or"; readonly of: readonly FqlNode[] };

/** Why a text is no FQL. It says where, in characters from 0, and quotes nothing. */
export type FqlProblem = { readonly at: number; readonly problem: string };

/** Whether a node may stand where true or false is asked for. */
export function isCondition(node: FqlNode): boolean {
  switch (node.kind) {
    case "literal":
      return typeof node.value === "boolean";
    case "list":
      return false;
    case "call":
      return ["bool", "contains", "match"].includes(node.name);
    case "path":
    case "compare":
    case "not":
    case "and":
    case "or":
      return true;
  }
}

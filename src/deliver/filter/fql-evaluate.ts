import { err, ok, type Result } from "../../core/result.ts";
import { fieldAt, jsonOf } from "./fields.ts";
import type { Comparison, FqlNode, FqlValue } from "./fql.ts";
import { FqlFault, FUNCTIONS } from "./fql-functions.ts";

/**
 * Whether an event meets a condition, or a fault when that cannot be said. Types are strict: values
 * of two types are never equal, `<` and its like hold of numbers only, and where true or false is
 * asked for, only `true` itself is true.
 */
export function evaluateFql(
  node: FqlNode,
  event: Readonly<Record<string, unknown>>,
): Result<boolean, "fault"> {
  try {
    return ok(holds(node, event));
  } catch (error) {
    if (error instanceof FqlFault) return err("fault");
    throw error;
  }
}

function holds(node: FqlNode, event: Readonly<Record<string, unknown>>): boolean {
  switch (node.kind) {
    case "not":
      return !holds(node.of, event);
    case "and":
      return node.of.every((part) => holds(part, event));
    case "or":
      return node.of.some((part) => holds(part, event));
    case "compare":
      return compare(node.operator, valueOf(node.left, event), valueOf(node.right, event));
    case "literal":
    case "list":
    case "path":
    case "call":
      return valueOf(node, event) === true;
  }
}

function valueOf(node: FqlNode, event: Readonly<Record<string, unknown>>): FqlValue {
  switch (node.kind) {
    case "literal":
      return node.value;
    case "list":
      return node.items.map((item) => valueOf(item, event));
    case "path":
      return (fieldAt(event, node.names) ?? null) as FqlValue;
    case "call":
      return FUNCTIONS[node.name](node.of.map((part) => valueOf(part, event)));
    case "compare":
    case "not":
    case "and":
    case "or":
      return holds(node, event);
  }
}

function compare(operator: Comparison, left: FqlValue, right: FqlValue): boolean {
  switch (operator) {
    case "=":
      return isSame(left, right);
    case "!=":
      return !isSame(left, right);
    case "in":
      return isIn(left, right);
    case "<":
    case "<=":
    case ">":
    case ">=":
      if (typeof left !== "number" || typeof right !== "number") return false;
      return inOrder(operator, left, right);
  }
}

function inOrder(operator: "<" | "<=" | ">" | ">=", left: number, right: number): boolean {
  switch (operator) {
    case "<":
      return left < right;
    case "<=":
      return left <= right;
    case ">":
      return left > right;
    case ">=":
      return left >= right;
  }
}

/** Lists and objects are the same when they have the same content in the same order. */
function isSame(left: unknown, right: unknown): boolean {
  if (typeof left !== "object" || typeof right !== "object") return left === right;
  const [one, other] = [jsonOf(left), jsonOf(right)];
  if (one === undefined || other === undefined)
    throw new FqlFault("Cannot compare what is so deep");
  return one === other;
}

function isIn(value: FqlValue, list: FqlValue): boolean {
  if (list === null) return false;
  if (!Array.isArray(list)) throw new FqlFault("Cannot look into what is no list");
  return list.some((each) => isSame(each, value));
}

import { err, ok, type Result } from "../../core/result.ts";
import {
  FQL_FUNCTIONS,
  isCondition,
  type Comparison,
  type FqlFunction,
  type FqlNode,
  type FqlProblem,
} from "./fql.ts";
import { tokensOf, type Token } from "./fql-tokens.ts";
import { parseGlob } from "./glob.ts";

/** Bytes of one FQL text: Segment's limit. */
export const FQL_BYTES_MAX = 5_120;

/** Brackets and `!` within each other; beyond it a text is refused, so that no stack runs over. */
const FQL_DEPTH_MAX = 50;

const COMPARISONS: readonly string[] = ["=", "!=", "<", "<=", ">", ">=", "in"];
const KEYWORDS = ["and", "or", "in", "true", "false", "null"];

/** How many arguments each function takes; a text or a pattern comes second. */
const ARGUMENTS: Readonly<Record<FqlFunction, number>> = {
  bool: 1,
  contains: 2,
  kebabcase: 1,
  length: 1,
  lowercase: 1,
  match: 2,
  number: 1,
  snakecase: 1,
  string: 1,
  titlecase: 1,
  typeof: 1,
  uppercase: 1,
};

/**
 * Parses an FQL text. Whatever is not plainly right is refused: `and` binds closer than `or`, `!`
 * takes a call, a path or brackets, keywords are lower case, and what cannot be true or false may not
 * stand where a condition has to.
 */
export function parseFql(text: string): Result<FqlNode, FqlProblem> {
  if (new TextEncoder().encode(text).byteLength > FQL_BYTES_MAX) {
    return err({ at: 0, problem: `is longer than ${FQL_BYTES_MAX} bytes` });
  }
  const tokens = tokensOf(text);
  if (!tokens.ok) return tokens;
  try {
    return ok(new Parser(tokens.value).whole());
  } catch (error) {
    if (error instanceof Unreadable) return err(error.found);
    throw error;
  }
}

/** Leaves the parser from any depth; it never leaves this file. */
class Unreadable extends Error {
  readonly found: FqlProblem;

  constructor({ at }: Token, problem: string) {
    super(problem);
    this.found = { at, problem };
  }
}

class Parser {
  readonly #tokens: readonly Token[];
  #next = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  whole(): FqlNode {
    const node = this.#condition(() => this.#either());
    if (this.#peek().kind !== "end") throw new Unreadable(this.#peek(), "goes on after its end");
    return node;
  }

  #either(): FqlNode {
    return this.#chain("or", () => this.#chain("and", () => this.#single()));
  }

  #chain(kind: "and" | "or", part: () => FqlNode): FqlNode {
    const start = this.#peek();
    const parts = [part()];
    while (this.#takeKeyword(kind)) parts.push(this.#condition(part));
    const [only] = parts;
    if (parts.length === 1 && only !== undefined) return only;
    if (only !== undefined && !isCondition(only)) throw notACondition(start);
    return { kind, of: parts };
  }

  #single(): FqlNode {
    if (this.#takeSign("!")) {
      return this.#deeper(() => ({ kind: "not", of: this.#condition(() => this.#negated()) }));
    }
    if (this.#takeSign("(")) return this.#inBrackets();
    return this.#comparison();
  }

  #negated(): FqlNode {
    const token = this.#peek();
    if (token.kind === "sign") return this.#single();
    const node = this.#operand();
    if (node.kind === "literal" || this.#comparisonAhead() !== undefined) {
      throw new Unreadable(token, "needs brackets behind !");
    }
    return node;
  }

  #inBrackets(): FqlNode {
    const node = this.#deeper(() => this.#condition(() => this.#either()));
    this.#expect(")");
    if (this.#comparisonAhead() !== undefined) {
      throw new Unreadable(this.#peek(), "compares brackets");
    }
    return node;
  }

  #comparison(): FqlNode {
    const start = this.#peek();
    const left = this.#operand();
    const operator = this.#comparisonAhead();
    if (operator === undefined) return left;
    this.#next += 1;
    const right = this.#operand();
    if (!canCompare(operator, left, right)) {
      throw new Unreadable(start, `compares by ${operator} what it cannot be used for`);
    }
    return { kind: "compare", operator, left, right };
  }

  #operand(): FqlNode {
    const token = this.#peek();
    this.#next += 1;
    if (token.kind === "string" || token.kind === "number") {
      return { kind: "literal", value: token.value };
    }
    if (token.kind === "sign" && token.sign === "[") {
      return { kind: "list", items: this.#listed("]", () => this.#item()) };
    }
    if (token.kind !== "word") throw new Unreadable(token, "needs a value");
    return this.#word(token);
  }

  #word(token: Token & { readonly kind: "word" }): FqlNode {
    const [name = ""] = token.names;
    if (!token.isPlain) return { kind: "path", names: token.names };
    if (this.#takeSign("(")) return this.#call(token, name);
    if (name === "null") return { kind: "literal", value: null };
    if (name === "true" || name === "false") return { kind: "literal", value: name === "true" };
    if (KEYWORDS.includes(name)) throw new Unreadable(token, "needs a value");
    return { kind: "path", names: token.names };
  }

  #call(token: Token, text: string): FqlNode {
    const name = FQL_FUNCTIONS.find((each) => each === text);
    if (name === undefined) throw new Unreadable(token, "calls a function that FQL does not have");
    const of = this.#deeper(() => this.#listed(")", () => this.#operand()));
    if (of.length !== ARGUMENTS[name]) {
      throw new Unreadable(token, `gives ${name} another number of arguments than it takes`);
    }
    if (!canTake(name, of)) throw new Unreadable(token, `gives ${name} what it does not take`);
    return { kind: "call", name, of };
  }

  #item(): FqlNode {
    const token = this.#peek();
    const node = this.#operand();
    if (node.kind === "literal" || node.kind === "path") return node;
    throw new Unreadable(token, "has a list with something else than values and paths");
  }

  #listed(close: string, item: () => FqlNode): readonly FqlNode[] {
    const items: FqlNode[] = [];
    if (this.#takeSign(close)) return items;
    do items.push(item());
    while (this.#takeSign(","));
    this.#expect(close);
    return items;
  }

  #condition(part: () => FqlNode): FqlNode {
    const start = this.#peek();
    const node = part();
    if (!isCondition(node)) throw notACondition(start);
    return node;
  }

  #deeper<T>(part: () => T): T {
    this.#depth += 1;
    if (this.#depth > FQL_DEPTH_MAX) throw new Unreadable(this.#peek(), "is nested too deeply");
    const node = part();
    this.#depth -= 1;
    return node;
  }

  #comparisonAhead(): Comparison | undefined {
    const token = this.#peek();
    const text = token.kind === "sign" ? token.sign : keywordOf(token);
    return COMPARISONS.includes(text) ? (text as Comparison) : undefined;
  }

  #takeKeyword(word: string): boolean {
    const isNext = keywordOf(this.#peek()) === word;
    if (isNext) this.#next += 1;
    return isNext;
  }

  #takeSign(sign: string): boolean {
    const token = this.#peek();
    const isNext = token.kind === "sign" && token.sign === sign;
    if (isNext) this.#next += 1;
    return isNext;
  }

  #expect(sign: string): void {
    if (!this.#takeSign(sign)) throw new Unreadable(this.#peek(), `needs ${sign}`);
  }

  #peek(): Token {
    return this.#tokens[this.#next] ?? { kind: "end", at: 0 };
  }
}

function keywordOf(token: Token): string {
  return token.kind === "word" && token.isPlain ? (token.names[0] ?? "") : "";
}

function notACondition(token: Token): Unreadable {
  return new Unreadable(token, "has a value where true or false is needed");
}

/** Whether a comparison can ever hold: values that are written out have to be of its type. */
function canCompare(operator: Comparison, left: FqlNode, right: FqlNode): boolean {
  switch (operator) {
    case "=":
    case "!=":
      return true;
    case "in":
      return left.kind !== "list" && (right.kind === "list" || right.kind === "path");
    case "<":
    case "<=":
    case ">":
    case ">=":
      return canBe("number", left) && canBe("number", right);
  }
}

/** Whether a call can ever come to something; a pattern that is written out has to be one. */
function canTake(name: FqlFunction, of: readonly FqlNode[]): boolean {
  if (name === "match") {
    const [, pattern] = of;
    if (pattern?.kind === "literal" && typeof pattern.value === "string") {
      if (parseGlob(pattern.value) === undefined) return false;
    }
  }
  if (["bool", "string", "typeof"].includes(name)) return true;
  if (name === "length") return of.every((node) => node.kind === "list" || canBe("string", node));
  if (name === "number") return of.every((node) => canBe("number", node) || canBe("string", node));
  return of.every((node) => canBe("string", node));
}

function canBe(type: "number" | "string", node: FqlNode): boolean {
  if (node.kind === "literal") return node.value === null || typeof node.value === type;
  if (node.kind === "path") return true;
  return node.kind === "call" && RETURNS[node.name] === type;
}

const RETURNS: Readonly<Record<FqlFunction, "boolean" | "number" | "string">> = {
  bool: "boolean",
  contains: "boolean",
  kebabcase: "string",
  length: "number",
  lowercase: "string",
  match: "boolean",
  number: "number",
  snakecase: "string",
  string: "string",
  titlecase: "string",
  typeof: "string",
  uppercase: "string",
};

import fc from "fast-check";

import type { Comparison, FqlNode } from "../../src/deliver/filter/fql.ts";

/** FQL text that means the node. */
export function writeFql(node: FqlNode): string {
  switch (node.kind) {
    case "literal":
      return typeof node.value === "string" ? quoted(node.value) : String(node.value);
    case "list":
      return `[${node.items.map(writeFql).join(", ")}]`;
    case "path":
      return writePath(node.names);
    case "call":
      return `${node.name}(${node.of.map(writeFql).join(",")})`;
    case "compare":
      return `${writeFql(node.left)} ${node.operator} ${writeFql(node.right)}`;
    case "not":
      return `!(${writeFql(node.of)})`;
    case "and":
    case "or":
      return node.of.map((part) => `(${writeFql(part)})`).join(` ${node.kind} `);
  }
}

/** A dotted path in which everything but letters, digits, `_` and `-` is escaped. */
export function writePath(names: readonly string[]): string {
  const text = names
    .map((name) => Array.from(name, (c) => (/[\w-]/.test(c) ? c : `\\${c}`)).join(""))
    .join(".");
  return /^[\d-]/.test(text) ? `\\${text}` : text;
}

function quoted(text: string): string {
  return `'${text.replaceAll(/['"\\]/g, String.raw`\$&`)}'`;
}

/** The same in the form that @segment/tsub evaluates. */
export function irOf(node: FqlNode): unknown {
  switch (node.kind) {
    case "literal":
      return { value: node.value };
    case "list":
      return node.items.map(irOf);
    case "path":
      return node.names.join(".");
    case "call":
      return [node.name, ...node.of.map(irOf)];
    case "compare":
      return [node.operator, irOf(node.left), irOf(node.right)];
    case "not":
      return ["!", irOf(node.of)];
    case "and":
    case "or":
      return [node.kind, ...node.of.map(irOf)];
  }
}

const WORDS = ["track", "Order Completed", "a", "A*b", "", "42", "true", "ü"];

/** Patterns without the mistakes that ours refuses and tsub takes for a mismatch. */
const globs = fc
  .array(fc.constantFrom("*", "?", "a", "b", "[a-c]", "[^a]", String.raw`\*`, "/"), {
    maxLength: 6,
  })
  .map((parts) => parts.join(""));

/** Fields that every event of {@link plainEvents} has, with a value of any type. */
const FIELDS = ["one", "two", "three", "four"];

export const plainEvents = fc.record(
  Object.fromEntries(
    FIELDS.map((name) => [
      name,
      fc.oneof(
        fc.constantFrom<unknown>(
          null,
          true,
          false,
          0,
          1,
          -2.5,
          42,
          [],
          ["a"],
          [1, 2],
          {},
          { a: 1 },
        ),
        fc.constantFrom(...WORDS),
        fc.string({ unit: fc.constantFrom("a", "b", "c", "/", "*"), maxLength: 6 }),
      ),
    ]),
  ),
);

const path = fc.constantFrom(...FIELDS).map((name): FqlNode => ({ kind: "path", names: [name] }));
const texts = fc.constantFrom(...WORDS).map((value): FqlNode => ({ kind: "literal", value }));
const numbers = fc
  .constantFrom(0, 1, -2.5, 42)
  .map((value): FqlNode => ({ kind: "literal", value }));
const literals = fc.oneof(
  texts,
  numbers,
  fc.constantFrom(null, true, false).map((value): FqlNode => ({ kind: "literal", value })),
);
const lowercase = fc
  .oneof(path, texts)
  .map((of): FqlNode => ({ kind: "call", name: "lowercase", of: [of] }));

const equality = fc
  .tuple(
    fc.constantFrom<Comparison>("=", "!="),
    fc.oneof(path, literals, lowercase),
    fc.oneof(path, literals, lowercase),
  )
  .map(([operator, left, right]): FqlNode => ({ kind: "compare", operator, left, right }));
const order = fc
  .tuple(
    fc.constantFrom<Comparison>("<", "<=", ">", ">="),
    fc.oneof(path, numbers),
    fc.oneof(path, numbers),
  )
  .map(([operator, left, right]): FqlNode => ({ kind: "compare", operator, left, right }));
const membership = fc
  .tuple(fc.oneof(path, literals), fc.array(literals, { maxLength: 4 }))
  .map(([left, items]): FqlNode => {
    return { kind: "compare", operator: "in", left, right: { kind: "list", items } };
  });
const contains = fc
  .tuple(path, fc.oneof(texts, path))
  .map(([text, part]): FqlNode => ({ kind: "call", name: "contains", of: [text, part] }));
const match = fc.tuple(path, globs).map(([text, value]): FqlNode => {
  return { kind: "call", name: "match", of: [text, { kind: "literal", value }] };
});

/** Conditions over {@link plainEvents} of which tsub and Segment's documentation say the same. */
export const sharedConditions: fc.Arbitrary<FqlNode> = fc.letrec<{ node: FqlNode }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    path,
    equality,
    order,
    membership,
    contains,
    match,
    tie("node").map((of): FqlNode => ({ kind: "not", of })),
    fc
      .tuple(fc.constantFrom("and", "or"), fc.array(tie("node"), { minLength: 2, maxLength: 3 }))
      .map(([kind, of]): FqlNode => ({ kind, of }) as FqlNode),
  ),
})).node;

/**
 * The part of JSON Schema that the destination kit uses. `scripts/build-kit.ts` refuses a kit that
 * uses more, so that an upgrade can never mean that something is silently not checked.
 */
export type Schema = {
  readonly type?: SchemaType | readonly SchemaType[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean;
  readonly items?: Schema;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly allOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly not?: Schema;
  readonly if?: Schema;
  readonly then?: Schema;
};

export type SchemaType = "string" | "number" | "integer" | "boolean" | "null" | "array" | "object";

/** Keywords that say something about a value, and all that a schema may have. */
const CHECKED: readonly (keyof Schema)[] = [
  "type",
  "properties",
  "required",
  "additionalProperties",
  "items",
  "enum",
  "const",
  "format",
  "minimum",
  "maximum",
  "minLength",
  "maxLength",
  "allOf",
  "anyOf",
  "not",
  "if",
  "then",
];

/** Keywords that only describe. */
const DESCRIBING = ["$schema", "title", "description", "default"];

/**
 * What of `schema` the validator does not know, one sentence each: keywords, forms of keywords and
 * formats. Values that are undefined count as absent, as they do for Ajv.
 */
export function unknownParts(schema: unknown, formats: ReadonlySet<string>): readonly string[] {
  if (!isPlainObject(schema)) return ["A schema is not an object"];
  const found: string[] = [];
  for (const [keyword, value] of Object.entries(schema)) {
    if (value === undefined || DESCRIBING.includes(keyword)) continue;
    if (!CHECKED.some((checked) => checked === keyword)) found.push(`Keyword ${keyword}`);
    else if (keyword === "additionalProperties" && typeof value !== "boolean") {
      found.push("additionalProperties with a schema");
    } else if (keyword === "format" && !(typeof value === "string" && formats.has(value))) {
      found.push(`Format ${JSON.stringify(value)}`);
    }
  }
  return [...found, ...partsOf(schema).flatMap((part) => unknownParts(part, formats))];
}

function partsOf(schema: Readonly<Record<string, unknown>>): readonly unknown[] {
  const { properties, items, allOf, anyOf, not, if: condition, then } = schema;
  const lists = [allOf, anyOf].filter((list) => Array.isArray(list)).flat();
  const own = isPlainObject(properties) ? Object.values(properties) : [];
  return [...lists, ...own, ...[items, not, condition, then].filter((part) => part !== undefined)];
}

export function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

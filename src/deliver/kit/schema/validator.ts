import { coerced, isOfType } from "./coerce.ts";
import type { Format } from "./formats.ts";
import { isPlainObject, type Schema, type SchemaType } from "./schema.ts";

/** One reason why a value is refused, in Ajv's shape, which the kit makes its sentences from. */
export type SchemaError = {
  readonly keyword: string;
  readonly instancePath: string;
  readonly schemaPath: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly message: string;
  readonly schema: unknown;
  readonly parentSchema: Schema;
  readonly data: unknown;
};

/** Where a value stands, so that what it is coerced to can be put there. */
type Place = {
  readonly path: string;
  readonly holder?: Record<string | number, unknown>;
  readonly key?: string | number;
};

/** One run: conditions stop at the first error and report none, the rest goes on to the end. */
type Run = {
  readonly formats: ReadonlyMap<string, Format>;
  readonly errors: SchemaError[];
  readonly stopsEarly: boolean;
};

type Found = Pick<SchemaError, "keyword" | "params">;

/**
 * Checks `value` and changes it in place as Ajv does with `coerceTypes: "array"`, `allErrors` and
 * `removeAdditional`: an interpreter, since a Worker may compile no code while it serves, and 350
 * schemas compiled beforehand would be 4.5 MB. `test/unit/deliver/kit` holds it against Ajv itself.
 *
 * @returns the errors; none when the value is valid.
 */
export function validateWith(
  schema: Schema,
  value: unknown,
  formats: ReadonlyMap<string, Format>,
): readonly SchemaError[] {
  const errors: SchemaError[] = [];
  check(schema, value, { path: "" }, { formats, errors, stopsEarly: false });
  return errors;
}

/** Keywords in the order in which Ajv looks at them, which matters where a value is coerced. */
function check(schema: Schema, given: unknown, place: Place, run: Run): boolean {
  const before = run.errors.length;
  const types = typesOf(schema);
  const value = ofType(types, given, place);
  if (value === MISFIT) report(run, schema, given, place, { keyword: "type", params: { types } });
  const isDone = (): boolean => run.stopsEarly && run.errors.length > before;
  for (const step of STEPS) {
    if (isDone() || value === MISFIT) break;
    step(schema, value, place, run);
  }
  return run.errors.length === before;
}

const MISFIT = Symbol("of no type that the schema allows");

/** The value as it is now, or `MISFIT`. */
function ofType(types: readonly SchemaType[], value: unknown, { holder, key }: Place): unknown {
  if (types.length === 0 || types.some((type) => isOfType(value, type))) return value;
  const made = coerced(value, types);
  if (made === undefined) return MISFIT;
  if (holder !== undefined && key !== undefined) holder[key] = made;
  return made;
}

type Step = (schema: Schema, value: unknown, place: Place, run: Run) => void;

const STEPS: readonly Step[] = [
  checkNumber,
  checkString,
  checkValues,
  checkNot,
  checkAnyOf,
  checkAllOf,
  checkIf,
  checkItems,
  checkRequired,
  removeAdditional,
  checkProperties,
];

function checkNumber(schema: Schema, value: unknown, place: Place, run: Run): void {
  if (typeof value !== "number" || !Number.isFinite(value)) return;
  const { maximum, minimum } = schema;
  if (maximum !== undefined && value > maximum) {
    const params = { comparison: "<=", limit: maximum };
    report(run, schema, value, place, { keyword: "maximum", params });
  }
  if (minimum !== undefined && value < minimum) {
    const params = { comparison: ">=", limit: minimum };
    report(run, schema, value, place, { keyword: "minimum", params });
  }
}

function checkString(schema: Schema, value: unknown, place: Place, run: Run): void {
  if (typeof value !== "string") return;
  const { maxLength, minLength, format } = schema;
  // Lengths are of code points, as JSON Schema counts them.
  const length = maxLength === undefined && minLength === undefined ? 0 : Array.from(value).length;
  if (maxLength !== undefined && length > maxLength) {
    report(run, schema, value, place, { keyword: "maxLength", params: { limit: maxLength } });
  }
  if (minLength !== undefined && length < minLength) {
    report(run, schema, value, place, { keyword: "minLength", params: { limit: minLength } });
  }
  if (format !== undefined && !fits(value, run.formats.get(format))) {
    report(run, schema, value, place, { keyword: "format", params: { format } });
  }
}

function fits(text: string, format: Format | undefined): boolean {
  if (format === undefined) throw new Error("Cannot validate: a schema asks for an unknown format");
  if (typeof format === "boolean") return format;
  if (typeof format === "function") return format(text);
  return format instanceof RegExp ? format.test(text) : fits(text, format.validate);
}

function checkValues(schema: Schema, value: unknown, place: Place, run: Run): void {
  if ("const" in schema && schema.const !== undefined && !isEqual(value, schema.const)) {
    const params = { allowedValue: schema.const };
    report(run, schema, value, place, { keyword: "const", params });
  }
  if (schema.enum !== undefined && !schema.enum.some((allowed) => isEqual(value, allowed))) {
    const params = { allowedValues: schema.enum };
    report(run, schema, value, place, { keyword: "enum", params });
  }
}

function checkNot(schema: Schema, value: unknown, place: Place, run: Run): void {
  if (schema.not === undefined || !holds(schema.not, value, place, run)) return;
  report(run, schema, value, place, { keyword: "not", params: {} });
}

function checkAnyOf(schema: Schema, value: unknown, place: Place, run: Run): void {
  if (schema.anyOf === undefined) return;
  const isMet = schema.anyOf.some((part) => check(part, value, place, { ...run, errors: [] }));
  if (!isMet) report(run, schema, value, place, { keyword: "anyOf", params: {} });
}

function checkAllOf({ allOf = [] }: Schema, value: unknown, place: Place, run: Run): void {
  for (const part of allOf) if (!check(part, value, place, run) && run.stopsEarly) return;
}

function checkIf(schema: Schema, value: unknown, place: Place, run: Run): void {
  if (schema.if === undefined || schema.then === undefined) return;
  if (!holds(schema.if, value, place, run)) return;
  if (check(schema.then, value, place, run)) return;
  report(run, schema, value, place, { keyword: "if", params: { failingKeyword: "then" } });
}

/** A condition: it reports nothing and stops at the first thing that is not so. */
function holds(schema: Schema, value: unknown, place: Place, run: Run): boolean {
  return check(schema, value, place, { ...run, errors: [], stopsEarly: true });
}

function checkItems({ items }: Schema, value: unknown, { path }: Place, run: Run): void {
  if (items === undefined || !Array.isArray(value)) return;
  const holder = value as unknown as Record<number, unknown>;
  for (const key of value.keys()) {
    if (!check(items, holder[key], { path: `${path}/${key}`, holder, key }, run)) {
      if (run.stopsEarly) return;
    }
  }
}

function checkRequired(schema: Schema, value: unknown, place: Place, run: Run): void {
  if (schema.required === undefined || !isPlainObject(value)) return;
  for (const name of schema.required) {
    if (value[name] !== undefined) continue;
    report(run, schema, value, place, { keyword: "required", params: { missingProperty: name } });
  }
}

function removeAdditional({ additionalProperties, properties = {} }: Schema, value: unknown): void {
  if (additionalProperties !== false || !isPlainObject(value)) return;
  for (const name of Object.keys(value)) if (!Object.hasOwn(properties, name)) delete value[name];
}

function checkProperties({ properties }: Schema, value: unknown, { path }: Place, run: Run): void {
  if (properties === undefined || !isPlainObject(value)) return;
  for (const [key, schema] of Object.entries(properties)) {
    if (value[key] === undefined) continue;
    const place = { path: `${path}/${pointer(key)}`, holder: value, key };
    if (!check(schema, value[key], place, run) && run.stopsEarly) return;
  }
}

function report(run: Run, schema: Schema, data: unknown, { path }: Place, found: Found): void {
  const { keyword, params } = found;
  const types = typesOf(schema);
  run.errors.push({
    keyword,
    instancePath: path,
    schemaPath: `#/${keyword}`,
    params: keyword === "type" ? { type: types.length === 1 ? types[0] : types } : params,
    message: `must pass "${keyword}"`,
    schema: schema[keyword as keyof Schema],
    parentSchema: schema,
    data,
  });
}

function typesOf({ type }: Schema): readonly SchemaType[] {
  if (type === undefined) return [];
  return typeof type === "string" ? [type] : type;
}

function pointer(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}

function isEqual(a: unknown, b: unknown): boolean {
  if (Object.is(a, b) || a === b) return true;
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, index) => isEqual(item, b[index]));
  }
  if (!isPlainObject(a) || !isPlainObject(b)) return false;
  const names = Object.keys(a);
  if (names.length !== Object.keys(b).length) return false;
  return names.every((name) => Object.hasOwn(b, name) && isEqual(a[name], b[name]));
}

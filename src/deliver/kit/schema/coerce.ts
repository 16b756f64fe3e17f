import { isPlainObject, type SchemaType } from "./schema.ts";

/** Whether a value is of a type, as JSON Schema means it; numbers have to be finite. */
export function isOfType(value: unknown, type: SchemaType): boolean {
  switch (type) {
    case "string":
      return typeof value === "string";
    case "number":
      return typeof value === "number" && Number.isFinite(value);
    case "integer":
      return typeof value === "number" && Number.isInteger(value);
    case "boolean":
      return typeof value === "boolean";
    case "null":
      return value === null;
    case "array":
      return Array.isArray(value);
    case "object":
      return isPlainObject(value);
  }
}

/**
 * What Ajv makes of a value that is of none of `types` under `coerceTypes: "array"`: the only item of
 * an array, then the first type that the value can be written as. `undefined` when there is none.
 */
export function coerced(value: unknown, types: readonly SchemaType[]): unknown {
  const single: unknown = Array.isArray(value) && value.length === 1 ? value[0] : value;
  const [only] = types;
  // Of several types Ajv asks that the item be of all of them at once, which it never is.
  if (types.length === 1 && only !== undefined && isOfType(single, only)) return single;
  for (const type of types) {
    const made = coercedTo(single, type);
    if (made !== undefined) return made;
  }
  return undefined;
}

function coercedTo(value: unknown, type: SchemaType): unknown {
  switch (type) {
    case "string":
      if (typeof value === "number" || typeof value === "boolean") return String(value);
      return value === null ? "" : undefined;
    case "number":
      return toNumber(value);
    case "integer": {
      const number = toNumber(value);
      // Infinity has no remainder that is a number, and passes, as it does with Ajv.
      return number === undefined || (number % 1 || 0) !== 0 ? undefined : number;
    }
    case "boolean":
      if (value === "false" || value === 0 || value === null) return false;
      return value === "true" || value === 1 ? true : undefined;
    case "null":
      return value === "" || value === 0 || value === false ? null : undefined;
    case "array":
      return isScalar(value) ? [value] : undefined;
    case "object":
      return undefined;
  }
}

function toNumber(value: unknown): number | undefined {
  if (typeof value === "boolean" || value === null) return Number(value);
  if (typeof value !== "string" || value === "") return undefined;
  const number = Number(value);
  return Number.isNaN(number) ? undefined : number;
}

function isScalar(value: unknown): boolean {
  return value === null || ["string", "number", "boolean"].includes(typeof value);
}

import type { Format } from "./formats.ts";
import type { Schema } from "./schema.ts";
import { validateWith, type SchemaError } from "./validator.ts";

/** What the kit calls to validate a value; the errors of the last call stand in `errors`. */
type Validate = {
  (value: unknown): boolean;
  errors: readonly SchemaError[] | null;
};

/**
 * Stands for Ajv in the kit: the few calls of it that the kit makes, over our interpreter. Nothing is
 * kept by the names that the kit gives, since two actions of one destination may have the same.
 */
export class Ajv {
  readonly #formats = new Map<string, Format>();
  readonly #made = new WeakMap<object, Validate>();

  addFormat(name: string, format: Format): this {
    this.#formats.set(name, format);
    return this;
  }

  /** Never known by its name: the kit then calls `addSchema` with the schema that it means. */
  getSchema(_name: string): undefined {
    return undefined;
  }

  addSchema(schema: Schema, _name: string): { getSchema(name: string): Validate } {
    return { getSchema: () => this.compile(schema) };
  }

  compile(schema: Schema): Validate {
    const known = this.#made.get(schema);
    if (known !== undefined) return known;
    const validate: Validate = Object.assign(
      (value: unknown): boolean => {
        const errors = validateWith(schema, value, this.#formats);
        validate.errors = errors.length === 0 ? null : errors;
        return errors.length === 0;
      },
      { errors: null },
    );
    this.#made.set(schema, validate);
    return validate;
  }
}

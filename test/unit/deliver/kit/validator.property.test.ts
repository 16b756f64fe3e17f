import { createRequire } from "node:module";

import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";

import { CATALOGUE } from "../../../../src/deliver/catalogue/catalogue.ts";
import { Ajv } from "../../../../src/deliver/kit/schema/ajv.ts";
import { addFormats, FORMAT_NAMES } from "../../../../src/deliver/kit/schema/formats.ts";
import { unknownParts, type Schema } from "../../../../src/deliver/kit/schema/schema.ts";
import { loadDestination } from "../../../../src/deliver/kit/load-kit.ts";

type Validate = (value: unknown) => boolean;
type AjvLike = {
  addFormat(name: string, format: unknown): AjvLike;
  compile(schema: unknown): Validate;
};

const require = createRequire(import.meta.url);
const OPTIONS = {
  coerceTypes: "array",
  allErrors: true,
  allowUnionTypes: true,
  verbose: true,
  removeAdditional: true,
};

/** Whatever dates are, both sides get the same: texts that a date may be made from. */
const dateLike = (text: string): boolean => !Number.isNaN(Date.parse(text));

const theirs = withFormats(realAjv());
const ours = withFormats(addFormats(new Ajv()) as unknown as AjvLike);
const schemas: (readonly [name: string, schema: Schema])[] = [];

beforeAll(async () => {
  for (const { slug } of CATALOGUE) {
    const { destination } = await loadDestination(slug);
    if (destination.settingsSchema !== undefined) {
      schemas.push([`${slug} settings`, destination.settingsSchema as Schema]);
    }
    for (const [action, { schema }] of Object.entries(destination.actions)) {
      if (schema !== undefined) schemas.push([`${slug} ${action}`, schema as Schema]);
    }
  }
});

describe("validator of the kit's schemas", () => {
  it("knows every part of every schema of the catalogue", () => {
    const formats = new Set([...FORMAT_NAMES, "text", "date-like"]);

    const unknown = schemas.flatMap(([name, schema]) =>
      unknownParts(schema, formats).map((part) => `${name}: ${part}`),
    );

    expect(unknown).toEqual([]);
    expect(schemas.length).toBeGreaterThan(300);
  });

  it("finds valid, and makes of a value, what Ajv does", () => {
    for (const [name, schema] of schemas) {
      const check = { theirs: theirs.compile(schema), ours: ours.compile(schema) };

      fc.assert(
        fc.property(valueOf(schema, 3), (value) => {
          const [a, b] = [structuredClone(value), structuredClone(value)];
          const isValid = check.theirs(a);
          expect([name, check.ours(b)]).toEqual([name, isValid]);
          if (isValid) expect([name, b]).toEqual([name, a]);
        }),
        { numRuns: 40 },
      );
    }
  }, 60_000);

  it("does not let a value pass that Ajv refuses for its type alone", () => {
    const schema: Schema = { type: "object", properties: { a: { type: "number" } } };

    expect(ours.compile(schema)({ a: "1x" })).toBe(theirs.compile(schema)({ a: "1x" }));
  });
});

function realAjv(): AjvLike {
  const { default: TheirAjv } = require("ajv") as { default: new (options: unknown) => AjvLike };
  const plugin = require("ajv-formats") as ((ajv: AjvLike) => AjvLike) & {
    default?: (ajv: AjvLike) => AjvLike;
  };
  return (plugin.default ?? plugin)(new TheirAjv(OPTIONS));
}

function withFormats(ajv: AjvLike): AjvLike {
  ajv.addFormat("text", true);
  ajv.addFormat("date-like", dateLike);
  return ajv;
}

const ODD = fc.constantFrom<unknown>(
  null,
  "",
  " ",
  "0",
  "1",
  "1.5",
  "abc",
  "true",
  "false",
  "Infinity",
  "NaN",
  "2026-11-20",
  "2026-11-20T10:00:00Z",
  "a@example.com",
  "https://example.com/",
  "192.0.2.1",
  0,
  1,
  -1,
  1.5,
  1e9,
  true,
  false,
  [],
  [1],
  ["1"],
  [null],
  [[1]],
  [1, 2],
  {},
  { a: 1 },
);

/** Values that often fit the schema, and as often nearly. */
function valueOf(schema: Schema, depth: number): fc.Arbitrary<unknown> {
  const fitting = fittingOf(schema, depth);
  return fc.oneof({ weight: 4, arbitrary: fitting }, { weight: 1, arbitrary: ODD });
}

function fittingOf(schema: Schema, depth: number): fc.Arbitrary<unknown> {
  if (schema.enum !== undefined && schema.enum.length > 0) return fc.constantFrom(...schema.enum);
  const types = typeof schema.type === "string" ? [schema.type] : (schema.type ?? []);
  if (types.includes("object") && depth > 0) return objectOf(schema, depth);
  if (types.includes("array") && depth > 0) {
    return fc.array(valueOf(schema.items ?? {}, depth - 1), { maxLength: 3 });
  }
  if (types.includes("boolean")) return fc.boolean();
  if (types.includes("number") || types.includes("integer")) return fc.integer();
  return ODD;
}

function objectOf(schema: Schema, depth: number): fc.Arbitrary<unknown> {
  const own = Object.entries(schema.properties ?? {}).map(
    ([key, property]) => [key, valueOf(property, depth - 1)] as const,
  );
  const extra = ["surplus", ODD] as const;
  return fc.record(Object.fromEntries([...own, extra]), { requiredKeys: keysToKeep(schema) });
}

/** Required ones mostly stay, or nothing would ever be valid. */
function keysToKeep({ required = [], properties = {} }: Schema): string[] {
  return required.filter((key) => Object.hasOwn(properties, key));
}

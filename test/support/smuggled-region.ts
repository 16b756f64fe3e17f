/** A JSON schema, as far as the OpenAPI document of the management API uses it. */
export type Schema = {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly items?: Schema;
  readonly minItems?: number;
  readonly minimum?: number;
  readonly format?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
};

/** A value that the schema takes: of an object the fields that have to be there, and no other. */
export function sampleOf(schema: Schema): unknown {
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined) return schema.enum[0];
  const [first] = schema.anyOf ?? schema.oneOf ?? [];
  if (first !== undefined) return sampleOf(first);
  switch (schema.type) {
    case "object":
      return Object.fromEntries(
        (schema.required ?? []).map((name) => [name, sampleOf(schema.properties?.[name] ?? {})]),
      );
    case "array":
      return Array.from({ length: Math.max(1, schema.minItems ?? 0) }, () =>
        sampleOf(schema.items ?? {}),
      );
    case "integer":
    case "number":
      return Math.max(1, schema.minimum ?? 1);
    case "boolean":
      return true;
    case "null":
      return null;
    case "string":
    case undefined:
    default:
      return schema.format === "date-time" ? "2030-01-01T00:00:00.000Z" : "sample";
  }
}

/** Names under which a region could be slipped in, with what each would say for `region`. */
export function regionFields(region: "eu" | "us"): Readonly<Record<string, unknown>> {
  const isEu = region === "eu";
  return {
    region,
    homeRegion: region,
    home: region,
    jurisdiction: region,
    workspaceId: `ws_${region}_0123456789abcdef`,
    ingestRegion: isEu ? "eu1" : "us1",
    archiveLocations: isEu ? ["eu-west-1"] : ["us-west-2"],
  };
}

/** The body once for each field and each object in it, with the field in that object. */
export function smuggledBodies(
  body: unknown,
  fields: Readonly<Record<string, unknown>>,
): readonly unknown[] {
  if (Array.isArray(body)) {
    return body.flatMap((entry: unknown, i) =>
      smuggledBodies(entry, fields).map((changed) => body.with(i, changed)),
    );
  }
  if (typeof body !== "object" || body === null) return [];
  const here = Object.entries(fields).map(([name, value]) => ({ ...body, [name]: value }));
  const below = Object.entries(body).flatMap(([name, value]) =>
    smuggledBodies(value, fields).map((changed) => ({ ...body, [name]: changed })),
  );
  return [...here, ...below];
}

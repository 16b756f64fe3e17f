import {
  array,
  boolean,
  looseObject,
  number,
  optional,
  safeParse,
  string,
  union,
  type GenericSchema,
  type InferOutput,
} from "valibot";

import type {
  RecordResult,
  Target,
  TargetField,
  TargetObject,
  TargetOperation,
  TargetRecord,
} from "../target.ts";

/** How many batches of an object's records may run at once: connections of an object. */
const CALLS_MAX = 6;
const RECORDS_DEFAULT = 100;
const RECORDS_MAX = 10_000;
const REASON_CHARS_MAX = 500;

const speed = looseObject({
  maximum_batch_size: optional(number()),
  maximum_parallel_batches: optional(number()),
  maximum_records_per_second: optional(number()),
});
const objects = looseObject({
  objects: array(
    looseObject({
      object_api_name: string(),
      label: optional(string()),
      can_create_fields: optional(string()),
    }),
  ),
});
const operations = looseObject({ operations: array(string()) });
const fields = looseObject({
  fields: array(
    looseObject({
      field_api_name: string(),
      label: optional(string()),
      identifier: optional(boolean()),
      required: optional(boolean()),
      type: optional(string()),
      array: optional(boolean()),
    }),
  ),
});
const results = looseObject({
  record_results: array(
    looseObject({
      identifier: union([string(), number()]),
      success: boolean(),
      error_message: optional(string()),
    }),
  ),
});

export type Speed = Omit<Target["limits"], "bytes">;

/** How fast a destination wants records; with care where it does not say, or not sensibly. */
export function speedOf(said: unknown): Speed {
  const asked = read(speed, said);
  const records = asked?.maximum_batch_size ?? RECORDS_DEFAULT;
  const calls = asked?.maximum_parallel_batches ?? 1;
  const perSecond = asked?.maximum_records_per_second;
  return {
    records: within(records, RECORDS_MAX),
    calls: within(calls, CALLS_MAX),
    ...(perSecond === undefined || perSecond <= 0 ? {} : { recordsPerSecond: perSecond }),
  };
}

export function objectsOf(said: unknown): readonly Omit<TargetObject, "operations">[] {
  return (read(objects, said)?.objects ?? []).map(
    ({ object_api_name: name, label, can_create_fields }) => ({
      name,
      label: label ?? name,
      takesAnyField: can_create_fields === "on_write",
      identifiersMax: 1,
    }),
  );
}

export function operationsOf(said: unknown): readonly TargetOperation[] {
  return (read(operations, said)?.operations ?? []).flatMap((name): readonly TargetOperation[] => {
    if (name === "mirror") return ["upsert", "delete"];
    if (name === "insert") return ["insert", "append"];
    return name === "upsert" || name === "update" || name === "delete" ? [name] : [];
  });
}

const TYPES: Readonly<Record<string, TargetField["type"]>> = {
  boolean: "boolean",
  decimal: "decimal",
  float: "float",
  integer: "integer",
  date: "date",
  date_time: "date_time",
  string: "string",
};

export function fieldsOf(said: unknown): readonly TargetField[] {
  return (read(fields, said)?.fields ?? []).map((field) => ({
    name: field.field_api_name,
    label: field.label ?? field.field_api_name,
    type: TYPES[field.type ?? "string"] ?? "string",
    isRequired: field.required ?? false,
    isIdentifier: field.identifier ?? false,
    isArray: field.array ?? false,
  }));
}

/**
 * One result for each record, found by its identifier; a record that none is about was not accepted.
 * `undefined` when the answer is not one of the protocol.
 */
export function resultsOf(
  said: unknown,
  records: readonly TargetRecord[],
): readonly RecordResult[] | undefined {
  const answered = read(results, said);
  if (answered === undefined) return undefined;
  const byIdentifier = new Map(
    answered.record_results.map((result) => [String(result.identifier), result]),
  );
  return records.map(({ identifier }): RecordResult => {
    const result = byIdentifier.get(identifier);
    if (result?.success === true) return { kind: "accepted" };
    const reason = result?.error_message ?? "the destination gave no result for it";
    return { kind: "rejected", reason: reason.slice(0, REASON_CHARS_MAX) };
  });
}

function read<S extends GenericSchema>(schema: S, said: unknown): InferOutput<S> | undefined {
  const parsed = safeParse(schema, said);
  return parsed.success ? parsed.output : undefined;
}

function within(wanted: number, max: number): number {
  return Math.max(1, Math.min(max, Math.floor(wanted)));
}

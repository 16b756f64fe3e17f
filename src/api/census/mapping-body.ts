import { err, ok, type Result } from "../../core/result.ts";
import type { FieldMapping } from "../../sync/mapping/mapping.ts";
import { CENSUS_TEMPLATE_CHARS_MAX, type CensusMapping } from "./sync-schemas.ts";

const BASIC_TYPES = ["text", "number", "boolean", "datetime"] as const;
const METADATA = ["sync_id", "sync_run_id", "sync_run_started_at"] as const;

/** The mapping that Census's words mean, or what of it is not offered. */
export function mappingOfCensus(given: CensusMapping): Result<FieldMapping, string> {
  const { from, to, operation } = given;
  if ((given.lookup_object ?? given.lookup_field) !== undefined) {
    return err("look-ups at the destination are not offered");
  }
  const source = fromOf(from.type, from.data);
  if (!source.ok) return source;
  const isArray = operation === "merge" || operation === "overwrite";
  return ok({
    to,
    from: source.value,
    isIdentifier: given.is_primary_identifier ?? false,
    preserveValues: given.preserve_values ?? false,
    syncNullValues: given.sync_null_values ?? true,
    ...(isArray ? { arrayOperation: operation } : {}),
  });
}

function fromOf(type: string, data: unknown): Result<FieldMapping["from"], string> {
  switch (type) {
    case "column":
    case "hash":
      if (typeof data !== "string" || data === "") return err("data has to be a column's name");
      return ok({ type, column: data });
    case "constant_value":
      return constantOf(data);
    case "liquid_template": {
      const isTemplate = typeof data === "string" && data.length <= CENSUS_TEMPLATE_CHARS_MAX;
      return isTemplate
        ? ok({ type: "template", template: data })
        : err("data has to be a template");
    }
    case "sync_metadata": {
      const key = METADATA.find((each) => each === data);
      return key === undefined
        ? err(`data has to be one of ${METADATA.join(", ")}`)
        : ok({ type: "sync_metadata", key });
    }
    default:
      return err(
        "from.type has to be column, hash, constant_value, liquid_template or sync_metadata",
      );
  }
}

function constantOf(data: unknown): Result<FieldMapping["from"], string> {
  const { value, basic_type: named } = (data ?? {}) as Readonly<Record<string, unknown>>;
  const basicType = BASIC_TYPES.find((each) => each === (named ?? "text"));
  if (basicType === undefined) return err(`basic_type has to be one of ${BASIC_TYPES.join(", ")}`);
  const isValue =
    value === null || ["string", "number", "boolean"].some((each) => typeof value === each);
  if (!isValue) return err("data.value has to be a text, a number, a boolean or null");
  return ok({ type: "constant", basicType, value: value as string | number | boolean | null });
}

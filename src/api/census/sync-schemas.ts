import {
  array,
  boolean,
  integer,
  literal,
  maxLength,
  maxValue,
  minValue,
  nullable,
  nullish,
  number,
  object,
  optional,
  picklist,
  pipe,
  string,
  transform,
  union,
  unknown,
  type InferOutput,
} from "valibot";

import { SYNC_ALERTS_MAX } from "../../sync/alerts/alert.ts";
import { censusAlert } from "./alerts.ts";
import { FREQUENCIES } from "./schedules.ts";

const TEXT_CHARS_MAX = 200;
const SQL_CHARS_MAX = 65_535;
const TEMPLATE_CHARS_MAX = 10_000;
const COLUMNS_MAX = 512;
const HOUR_MAX = 24;
const MINUTE_MAX = 59;

const text = pipe(string(), maxLength(TEXT_CHARS_MAX));
const whole = pipe(number(), integer(), minValue(0));
const hour = nullish(pipe(number(), integer(), minValue(0), maxValue(HOUR_MAX)));
const minute = nullish(pipe(number(), integer(), minValue(0), maxValue(MINUTE_MAX)));

/** Clients that are typed send empty texts for what is not said. */
const maybe = <const T extends readonly string[]>(options: T) =>
  optional(
    pipe(
      nullable(union([picklist(options), literal("")])),
      transform((said): T[number] | undefined =>
        said === null || said === "" ? undefined : (said as T[number]),
      ),
    ),
  );

const maybeText = (charsMax: number) =>
  optional(
    pipe(
      nullable(pipe(string(), maxLength(charsMax))),
      transform((said) => (said === null || said === "" ? undefined : said)),
    ),
  );

const mapping = object({
  from: object({ type: text, data: unknown() }),
  to: text,
  is_primary_identifier: nullish(boolean()),
  preserve_values: nullish(boolean()),
  sync_null_values: nullish(boolean()),
  operation: maybe(["merge", "overwrite", "set"]),
  array_field: nullish(boolean()),
  lookup_object: maybeText(TEXT_CHARS_MAX),
  lookup_field: maybeText(TEXT_CHARS_MAX),
});

const frequency = maybe(FREQUENCIES);

const schedule = object({
  frequency,
  day: maybeText(TEXT_CHARS_MAX),
  hour,
  minute,
  cron_expression: maybeText(TEXT_CHARS_MAX),
});

const shared = {
  label: maybeText(TEXT_CHARS_MAX),
  operation: maybe(["upsert", "update", "insert", "mirror", "append", "delete"]),
  mirror_strategy: maybe(["sync_updates_and_deletes", "sync_updates_and_nulls", "upload_and_swap"]),
  paused: nullish(boolean()),
  sync_key: nullish(array(text)),
  field_behavior: maybe(["specific_properties", "sync_all_properties"]),
  field_normalization: maybe([
    "start_case",
    "lower_case",
    "upper_case",
    "camel_case",
    "snake_case",
    "match_source_names",
  ]),
  field_order: maybe(["alphabetical_column_name", "mapping_order", "source_column_order"]),
  high_water_mark_attribute: maybeText(TEXT_CHARS_MAX),
  historical_sync_operation: maybe(["skip_current_records", "backfill_all_records"]),
  schedule_frequency: frequency,
  schedule_day: nullish(union([text, number()])),
  schedule_hour: hour,
  schedule_minute: minute,
  cron_expression: maybeText(TEXT_CHARS_MAX),
  alert_attributes: nullish(pipe(array(censusAlert), maxLength(SYNC_ALERTS_MAX))),
  mode: nullish(
    object({
      type: text,
      triggers: nullish(
        object({
          schedule: nullish(schedule),
          sync_sequence: nullish(object({ sync_id: whole })),
          dbt_cloud: nullish(unknown()),
          fivetran: nullish(unknown()),
        }),
      ),
    }),
  ),
};

const sourceObject = object({
  type: text,
  query: maybeText(SQL_CHARS_MAX),
  table_name: maybeText(TEXT_CHARS_MAX),
  table_schema: maybeText(TEXT_CHARS_MAX),
});

const source = object({ connection_id: union([whole, text]), object: sourceObject });
const destination = object({ connection_id: union([whole, text]), object: text });
const mappings = pipe(array(mapping), maxLength(COLUMNS_MAX));

export const censusSyncDraft = object({
  ...shared,
  source_attributes: source,
  destination_attributes: destination,
  mappings: optional(mappings, []),
  validate_only: nullish(boolean()),
});

export const censusSyncPatch = object({
  ...shared,
  source_attributes: nullish(source),
  destination_attributes: nullish(destination),
  mappings: nullish(mappings),
});

export type CensusDraft = InferOutput<typeof censusSyncDraft>;
export type CensusPatch = InferOutput<typeof censusSyncPatch>;
export type CensusMapping = InferOutput<typeof mapping>;
export type CensusSourceObject = InferOutput<typeof sourceObject>;

/** Longest template; those of mappings are checked where they are read. */
export const CENSUS_TEMPLATE_CHARS_MAX = TEMPLATE_CHARS_MAX;
